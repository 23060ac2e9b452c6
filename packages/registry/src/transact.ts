import type { Reader } from "@polder/model";
import { type Database, isWorthRepeating } from "@polder/postgres";
import { nameOfSubject, type Subject } from "./subject.ts";

/** Repetitions of a transaction that lost against another one. */
const REPETITIONS_MAX = 5;

/** Changes subjects in one transaction, alone: whoever wants to change one of them meanwhile waits. */
export async function changing<Result>(
  database: Database,
  subjects: readonly Subject[],
  work: (tx: Reader) => Promise<Result>,
): Promise<Result> {
  const names = [...new Set(subjects.map(nameOfSubject))].sort();
  for (let repetition = 0; ; repetition += 1) {
    const transaction = database.begin();
    try {
      // In the order of their names, so that two who want the same subjects do not wait for each other.
      for (const name of names)
        await transaction.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`polder registry ${name}`]);
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      if (!isWorthRepeating(error) || repetition >= REPETITIONS_MAX) throw error;
    }
  }
}
