export { type Build, buildRows, isBuildOf, listBuilds } from "./build/builds.ts";
export { definitionOf, publishersOf, purposeOf } from "./build/definition.ts";
export {
  type MadeBuild,
  type MakeBuildOptions,
  type MakeBuildsOptions,
  makeBuild,
  makeBuilds,
} from "./build/make-builds.ts";
export { type BuildPlace, type DropPlace, dropBuild, switchBuild, withdrawCopy } from "./build/place-builds.ts";
export { type ComposeOptions, compose } from "./composition/compose.ts";
export { type Asker, type PartOutcome, stitch } from "./composition/stitch.ts";
export type { ReadingCrashPoint, ReadingCrashPointName } from "./crash-point.ts";
export { type ReadingErrors, readingErrors } from "./errors.ts";
export { type Freshness, type FreshnessAsked, type FreshnessOptions, openFreshness } from "./freshness/freshness.ts";
export { servingCopies } from "./freshness/serving-copies.ts";
export type { ServingCopy } from "./freshness/wanted-copies.ts";
export { type CopyLook, type KeepCopiesOptions, type KeptCopies, keepCopies } from "./keeper/keep-copies.ts";
export { type BuildLook, type BuildLookOptions, lookAtBuild } from "./keeper/look-at-builds.ts";
export type { RunningBuildOptions } from "./keeper/running-build.ts";
export { readingDomainSteps } from "./reading-steps.ts";
export type { ReadingSeams } from "./seams.ts";
