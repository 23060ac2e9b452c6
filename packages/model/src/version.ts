/** A semantic version of a contract: `major.minor.patch`, each below 1000. */
export type Version = `${number}.${number}.${number}`;

type Repeat<N extends number, Made extends readonly unknown[] = []> = Made["length"] extends N
  ? Made
  : Repeat<N, readonly [...Made, 0]>;

type IsGreaterNumber<A extends number, B extends number> = A extends B
  ? false
  : Repeat<A> extends readonly [...Repeat<B>, ...infer _Rest]
    ? true
    : false;

type IsGreater<A, B> =
  A extends `${infer MajorA extends number}.${infer MinorA extends number}.${infer PatchA extends number}`
    ? B extends `${infer MajorB extends number}.${infer MinorB extends number}.${infer PatchB extends number}`
      ? MajorA extends MajorB
        ? MinorA extends MinorB
          ? IsGreaterNumber<PatchA, PatchB>
          : IsGreaterNumber<MinorA, MinorB>
        : IsGreaterNumber<MajorA, MajorB>
      : false
    : false;

type IsBeaten<V, Others> = true extends (Others extends unknown ? IsGreater<Others, V> : never) ? true : false;

/** The newest of a union of versions, at the level of types: `Newest<"1.2.0" | "1.10.0">` is `"1.10.0"`. */
export type Newest<V, All = V> = V extends unknown ? (IsBeaten<V, All> extends true ? never : V) : never;

type Lower<V, All> = All extends unknown ? (IsGreater<V, All> extends true ? All : never) : never;

/** The version just before another one, among all, at the level of types; `never` for the oldest. */
export type PreviousVersion<V, All> = Newest<Lower<V, All>>;

type TypeMajorOf<V> = V extends `${infer Major}.${string}` ? Major : never;

/** The versions that begin a new major, but for the oldest: between each and the one before it stand converters. */
export type RaisingVersion<All, Each = All> = Each extends unknown
  ? [PreviousVersion<Each, All>] extends [never]
    ? never
    : TypeMajorOf<PreviousVersion<Each, All>> extends TypeMajorOf<Each>
      ? never
      : Each
  : never;

const semantic = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** Says whether a text is a version: three numbers below 1000 without leading zeros. */
export function isVersion(text: string): text is Version {
  return semantic.test(text);
}

/** The three numbers of a version. */
export function versionParts(version: Version): readonly [major: number, minor: number, patch: number] {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return [major, minor, patch];
}

/** Orders versions from the oldest to the newest. */
export function compareVersions(a: Version, b: Version): number {
  const left = versionParts(a);
  const right = versionParts(b);
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** The newest of some versions, or nothing when there are none. */
export function newestVersion(versions: readonly Version[]): Version | undefined {
  return [...versions].sort(compareVersions).at(-1);
}

/** The major number of a version, or -1 for a text that is none. */
export function majorOf(version: string): number {
  return isVersion(version) ? versionParts(version)[0] : -1;
}

/** All versions of a contract, from the oldest to the newest. */
export function sortedVersions(versions: Readonly<Record<string, unknown>>): readonly Version[] {
  return Object.keys(versions).filter(isVersion).sort(compareVersions);
}

/** One major of a contract that is alive. */
export interface LivingMajor {
  readonly major: number;
  /** The version that began it: converters stand between it and the newest of the major before. */
  readonly first: Version;
  /** Its newest version: what its callers are held to. */
  readonly newest: Version;
}

/** The majors of a contract that are declared, from the oldest to the newest. */
export function livingMajors(versions: Readonly<Record<string, unknown>>): readonly LivingMajor[] {
  const majors: LivingMajor[] = [];
  for (const version of sortedVersions(versions)) {
    const major = majorOf(version);
    const last = majors.at(-1);
    if (last?.major === major) majors[majors.length - 1] = { ...last, newest: version };
    else majors.push({ major, first: version, newest: version });
  }
  return majors;
}
