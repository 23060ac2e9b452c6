import { expect, test } from "vitest";
import { createReplayGuard } from "./replay-guard.ts";

test("a token is new once, for as long as it could be used again", () => {
  const guard = createReplayGuard({ rememberMs: 100 });
  expect(guard.note("a", 0)).toBe("new");
  expect(guard.note("a", 99)).toBe("replayed");
  expect(guard.note("a", 100)).toBe("replayed");
  expect(guard.note("b", 150)).toBe("new");
  expect(guard.note("b", 249)).toBe("replayed");
});

test("what could not be used any more is forgotten, after two periods at the latest", () => {
  const guard = createReplayGuard({ rememberMs: 100, idsMax: 1 });
  expect(guard.note("a", 0)).toBe("new");
  expect(guard.note("b", 150)).toBe("full");
  expect(guard.note("b", 250)).toBe("new");
  expect(guard.note("c", 500)).toBe("new");
});

test("a guard that is full lets nobody in, and forgets nobody early", () => {
  const guard = createReplayGuard({ rememberMs: 100, idsMax: 2 });
  expect(["a", "b", "c", "a"].map((id) => guard.note(id, 0))).toEqual(["new", "new", "full", "replayed"]);
});
