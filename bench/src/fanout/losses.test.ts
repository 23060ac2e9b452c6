import { expect, test } from "vitest";
import { lossesOf } from "./losses.ts";

const newest = [
  { key: "a", version: 3 },
  { key: "b", version: 1 },
  { key: "untouched", version: 0 },
];

test("nothing is wrong when every version came once and in order, whatever other keys did between", () => {
  const came = [
    { key: "a", version: 1 },
    { key: "b", version: 1 },
    { key: "a", version: 2 },
    { key: "a", version: 3 },
  ];
  expect(lossesOf(newest, came)).toEqual({ published: 4, lost: 0, doubled: 0, misordered: 0 });
});

test("what is missing, came twice, or came after a later one of its key is counted", () => {
  const came = [
    { key: "a", version: 2 },
    { key: "a", version: 1 },
    { key: "a", version: 2 },
  ];
  expect(lossesOf(newest, came)).toEqual({ published: 4, lost: 2, doubled: 1, misordered: 1 });
});
