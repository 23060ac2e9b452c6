/** The one accountable owner of a domain. */
export interface Team {
  readonly kind: "team";
  readonly name: string;
  /** Where to reach the team: a channel or an address. */
  readonly contact: string;
  /** Under which names code reviews ask it: `["@acme/warehouse"]`. */
  readonly codeOwners?: readonly string[];
  /** Who is called when it breaks at night, if anybody is. */
  readonly onCall?: string;
  /** What the team promises, in its own words: `{ availability: "99.9 % a month" }`. */
  readonly serviceLevels?: Readonly<Record<string, string>>;
}

/** Declares a team: `team("Warehouse", { contact: "#warehouse" })`. */
export function team(name: string, shape: Omit<Team, "kind" | "name">): Team {
  return { kind: "team", name, ...shape };
}
