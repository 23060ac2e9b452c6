import { expect, test } from "vitest";
import { readStartOptions } from "./start-options.ts";

test("without options it runs at five orders a second until it is stopped, with a fresh seed", () => {
  expect(readStartOptions([], 99)).toEqual({
    kind: "start",
    options: { rate: 5, seed: 99, orders: Number.POSITIVE_INFINITY, port: 4_000 },
  });
});

test("every option can be given, in either way of writing", () => {
  const args = ["--rate", "0.5", "--seed=7", "--orders", "100", "--port=0", "--at", "http://localhost:1"];
  expect(readStartOptions(args, 99)).toEqual({
    kind: "start",
    options: { rate: 0.5, seed: 7, orders: 100, port: 0, at: "http://localhost:1" },
  });
});

test("all wrong values are named at once, with what is allowed", () => {
  const args = ["--rate", "fast", "--seed", "1.5", "--orders", "0", "--port", "65536", "--at", "here"];
  expect(readStartOptions(args, 99)).toEqual({
    kind: "wrong",
    problems: [
      '--rate is "fast"; it must be a number above 0, at most 1000',
      '--orders is "0"; it must be a whole number from 1',
      '--seed is "1.5"; it must be a whole number from 0 to 4294967295',
      '--port is "65536"; it must be a whole number from 0 to 65535',
      '--at is "here"; it must be a URL such as http://127.0.0.1:4000',
    ],
  });
});

test.each([["--speed", "9"], ["--rate"], ["100"], ["--rate="], ["--rate=-1"], ["--rate=1001"], ["--seed=9e99"]])(
  "%s %s is wrong",
  (...args) => {
    expect(readStartOptions(args, 99)).toEqual({ kind: "wrong", problems: [expect.any(String)] });
  },
);

test("help is given", () => {
  expect(readStartOptions(["--help"], 99)).toEqual({ kind: "help" });
});
