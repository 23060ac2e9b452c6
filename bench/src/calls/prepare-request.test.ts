import type { OutgoingRequest } from "@polder/http";
import { expect, test } from "vitest";
import { changeInput, nextOrder } from "./order.ts";
import { prepareRequest } from "./prepare-request.ts";

test("the body is an input of the contract, of about 400 bytes", async () => {
  const { body } = await prepareRequest(nextOrder(), {});
  expect(changeInput.safeParse(JSON.parse(body)).success).toBe(true);
  expect(Math.abs(body.length - 400)).toBeLessThan(60);
});

test("what is signed is the request that will be sent, and the proof is one of its headers", async () => {
  const signed: OutgoingRequest[] = [];
  const request = await prepareRequest(nextOrder(), {
    authorize: async (outgoing) => {
      signed.push(outgoing);
      return { "polder-caller": "token" };
    },
  });
  expect(signed).toMatchObject([{ method: "POST", url: request.path, body: request.body, caller: "billing" }]);
  expect(request.headers).toMatchObject({ "polder-caller": "token", "polder-version": signed[0]?.version });
});

test("without somebody who signs there is no proof, and one trace in ten is kept", async () => {
  const requests = await Promise.all(Array.from({ length: 20 }, () => prepareRequest(nextOrder(), {})));
  expect(requests.some(({ headers }) => "polder-caller" in headers)).toBe(false);
  const traces = requests.map(({ headers }) => headers["traceparent"] ?? "");
  expect(traces.every((trace) => /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/.test(trace))).toBe(true);
  expect(new Set(traces).size).toBe(20);
  expect(traces.filter((trace) => trace.endsWith("-01"))).toHaveLength(2);
});
