/** One system that runs sagas. */
export interface SagaRunner extends AsyncDisposable {
  /** Runs one saga of three steps to its end: two that have their effect elsewhere, and one that writes a row. */
  readonly run: (key: string) => Promise<void>;
}

/** Where the server is. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** What a step gives whose effect is elsewhere. */
export async function elsewhere(step: string): Promise<{ readonly step: string; readonly id: string }> {
  return { step, id: "0b1f7c1e-7b1c-4c60-8a53-5d5a3a1f2a10" };
}
