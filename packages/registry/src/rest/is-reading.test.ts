import { expect, test } from "vitest";
import { isReading } from "./is-reading.ts";

test.each([
  ["GET", "/subjects/a/versions/1", true],
  ["HEAD", "/", true],
  ["POST", "/subjects/a", true],
  ["POST", "/contexts/.b/subjects/a", true],
  ["POST", "/compatibility/subjects/a/versions/latest", true],
  ["POST", "/subjects/a/versions", false],
  ["POST", "/contexts/.b/subjects/a/versions", false],
  ["PUT", "/config", false],
  ["DELETE", "/subjects/a", false],
  ["POST", "/subjects/compatibility/versions", false],
] as const)("%s %s only reads: %s", (method, path, expected) => {
  expect(isReading({ method, path })).toBe(expected);
});
