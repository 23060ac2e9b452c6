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
