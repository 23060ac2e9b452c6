import { until } from "@polder/postgres/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventSource, LoggedEvent } from "../src/index.ts";

/** A log to read, and a way to write to it. */
export interface ConformanceSubject extends AsyncDisposable {
  readonly source: EventSource;
  /** Publishes events of `sales.Sold` or `sales.Returned` in one transaction each, and resolves when they are logged. */
  readonly publish: (
    events: readonly { readonly key: string; readonly n: number; readonly type?: "sales.Sold" | "sales.Returned" }[],
  ) => Promise<void>;
  /** The names of the subscriptions for which the log keeps what they have not seen. */
  readonly subscriptions: () => Promise<readonly string[]>;
}

const everything = { parts: { lo: 0, hi: 63 }, events: ["sales.Returned", "sales.Sold"], eventsMax: 1_000 };

/** What every transport of events promises its readers; run against each. */
export function eventSourceConformance(name: string, open: () => Promise<ConformanceSubject>): void {
  describe(`${name} as a source of events`, () => {
    test("an empty log has the head 0 and gives an empty page", async () => {
      await using subject = await open();
      expect(await subject.source.state()).toEqual({ head: 0n, oldest: 1n });
      expect(await subject.source.read({ after: 0n, ...everything })).toEqual({ events: [], scanned: 0n, head: 0n });
    });

    test("positions are dense from 1, and events come back as they were written, any text among them", async () => {
      await using subject = await open();
      const keys = ["a", "'; drop table x; --", "𝄞 ünï", '{"a":1}', " ", "x".repeat(500)];
      await subject.publish(keys.map((key, n) => ({ key, n })));
      const { events, scanned, head } = await subject.source.read({ after: 0n, ...everything });
      expect(events.map(({ seq }) => seq)).toEqual(keys.map((_, index) => BigInt(index + 1)));
      expect(events.map(({ key, data }) => [key, (JSON.parse(data) as { n: number }).n])).toEqual(
        keys.map((key, n) => [key, n]),
      );
      expect([scanned, head]).toEqual([6n, 6n]);
      expect(
        events.every(
          ({ at, relayedAt, id }) => at instanceof Date && relayedAt instanceof Date && /^[0-9a-f-]{36}$/.test(id),
        ),
      ).toBe(true);
    });

    test("pages and ranges of parts, put together, are the whole log in its order; one key is always in one part", async () => {
      await using subject = await open();
      await subject.publish(
        Array.from({ length: 60 }, (_, n) => ({
          key: `k${n % 9}`,
          n,
          type: n % 3 === 0 ? "sales.Returned" : "sales.Sold",
        })),
      );
      const whole = (await subject.source.read({ after: 0n, ...everything })).events;
      const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(cuts, fc.integer({ min: 1, max: 7 }), async (inner, eventsMax) => {
          const borders = [0, ...inner.sort((a, b) => a - b), 64];
          const read: LoggedEvent[] = [];
          for (const [index, lo] of borders.slice(0, -1).entries()) {
            const parts = { lo, hi: (borders[index + 1] ?? 64) - 1 };
            for (let after = 0n, head = 1n; after < head; ) {
              const page = await subject.source.read({ ...everything, after, parts, eventsMax });
              expect(page.events.length).toBeLessThanOrEqual(eventsMax);
              expect(page.scanned > after || page.scanned === page.head).toBe(true);
              read.push(...page.events);
              after = page.scanned;
              head = page.head;
            }
          }
          expect(read.map(({ seq }) => Number(seq)).sort((a, b) => a - b)).toEqual(whole.map(({ seq }) => Number(seq)));
        }),
        { numRuns: 15 },
      );
    });

    test("only wanted events come, yet the page speaks for all positions it has passed", async () => {
      await using subject = await open();
      await subject.publish([
        { key: "a", n: 1 },
        { key: "a", n: 2, type: "sales.Returned" },
        { key: "a", n: 3, type: "sales.Returned" },
      ]);
      const page = await subject.source.read({ ...everything, after: 0n, events: ["sales.Sold"] });
      expect([page.events.length, page.scanned, page.head]).toEqual([1, 3n, 3n]);
      const bounded = await subject.source.read({ ...everything, after: 0n, upTo: 2n });
      expect([bounded.events.length, bounded.scanned, bounded.head]).toEqual([2, 2n, 3n]);
    });

    test("a page of large events stays small, and never empty", async () => {
      await using subject = await open();
      await subject.publish(Array.from({ length: 3 }, (_, n) => ({ key: `${n}${"y".repeat(900_000)}`, n })));
      let after = 0n;
      let count = 0;
      for (let head = 1n; after < head; ) {
        const page = await subject.source.read({ ...everything, after });
        count += page.events.length;
        after = page.scanned;
        head = page.head;
      }
      expect(count).toBe(3);
    });

    test("a time is found again as a position, and growth is heard of", async () => {
      await using subject = await open();
      let grown = 0;
      const ignore = subject.source.onGrowth(() => {
        grown += 1;
      });
      await subject.publish([
        { key: "a", n: 1 },
        { key: "a", n: 2 },
      ]);
      await until(() => grown > 0, "growth is heard of");
      ignore();
      const { events } = await subject.source.read({ after: 0n, ...everything });
      expect(await subject.source.positionAt(new Date(0))).toBe(0n);
      expect(await subject.source.positionAt(events[1]?.relayedAt ?? new Date())).toBeLessThanOrEqual(1n);
      expect(await subject.source.positionAt(new Date(Date.now() + 86_400_000))).toBe(2n);
    });
  });
  progressConformance(name, open);
}

/** What a source promises about how far its readers are. */
function progressConformance(name: string, open: () => Promise<ConformanceSubject>): void {
  describe(`${name} as a source that knows its readers`, () => {
    test("what waits is told by what is wanted of it, and since when", async () => {
      await using subject = await open();
      const { source } = subject;
      const wanted = { events: ["sales.Sold"] };
      expect(await source.pending({ after: 0n, ...wanted })).toEqual({ head: 0n, oldest: 1n });
      await subject.publish([
        { key: "a", n: 1 },
        { key: "a", n: 2, type: "sales.Returned" },
      ]);
      const { waitingMs, ...positions } = await source.pending({ after: 0n, ...wanted });
      expect(positions).toEqual({ head: 2n, oldest: 1n });
      expect(waitingMs).toBeGreaterThanOrEqual(0);
      // What comes next is not wanted.
      expect(await source.pending({ after: 1n, ...wanted })).toEqual(positions);
      expect((await source.pending({ after: 1n, events: ["sales.Returned"] })).waitingMs).toBeLessThanOrEqual(
        (await source.pending({ after: 0n, ...wanted })).waitingMs ?? 0,
      );
    });

    test("subscriptions for a purpose are forgotten but for those that are kept", async () => {
      await using subject = await open();
      const { source } = subject;
      await subject.publish(Array.from({ length: 5 }, (_, n) => ({ key: "a", n })));
      for (const name of ["copy-of-1", "copy-of-12", "copy-of-them-3", "copy-of", "other"])
        await source.report(name, 3n);
      await source.forget("copy-of", ["copy-of-12"]);
      expect(await subject.subscriptions()).toEqual(["copy-of", "copy-of-12", "copy-of-them-3", "other"]);
    });

    test("progress is remembered for each subscription", async () => {
      await using subject = await open();
      await subject.source.report("some-reader", 0n);
      await subject.source.report("some-reader", 1n);
    });
  });
}
