/** Which earlier versions a new one is compared with, and who must be able to read whom. */
export const compatibilityLevels = [
  "NONE",
  "BACKWARD",
  "BACKWARD_TRANSITIVE",
  "FORWARD",
  "FORWARD_TRANSITIVE",
  "FULL",
  "FULL_TRANSITIVE",
] as const;

/**
 * `BACKWARD`: readers of the new version take what was written with the one before. `FORWARD`: readers of the one before
 * take what is written with the new one. `FULL`: both. Transitive: all earlier versions instead of the last one.
 */
export type CompatibilityLevel = (typeof compatibilityLevels)[number];

/** What a level asks for. */
export interface LevelDemands {
  /** The new version reads what earlier ones wrote. */
  readonly backward: boolean;
  /** Earlier versions read what the new one writes. */
  readonly forward: boolean;
  readonly isTransitive: boolean;
}

/** What a level asks for. */
export function demandsOf(level: CompatibilityLevel): LevelDemands {
  return {
    backward: level.startsWith("BACKWARD") || level.startsWith("FULL"),
    forward: level.startsWith("FORWARD") || level.startsWith("FULL"),
    isTransitive: level.endsWith("_TRANSITIVE"),
  };
}
