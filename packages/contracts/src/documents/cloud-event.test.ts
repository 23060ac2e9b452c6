import { expect, test } from "vitest";
import { cloudEventOf } from "../index.ts";

test("an event of a log as a CloudEvent, without what stays inside", () => {
  const event = {
    id: "0b0f3a52-9d0e-4a3c-8f7e-0d6f2b3c4d5e",
    type: "payment.PaymentConfirmed",
    version: "2.1.0",
    key: "order-1",
    at: new Date("2030-01-31T12:00:00.123Z"),
    seq: "42",
    data: { orderId: "order-1" },
    headers: { traceparent: "00-aa-bb-01", baggage: "inside=1", "polder-user": { subject: "ada", issuer: "us" } },
  };
  expect(cloudEventOf(event)).toEqual({
    specversion: "1.0",
    id: event.id,
    source: "/domains/payment",
    type: "payment.PaymentConfirmed",
    subject: "order-1",
    time: "2030-01-31T12:00:00.123Z",
    datacontenttype: "application/json",
    dataschema: "urn:polder:payment.PaymentConfirmed:2.1.0",
    partitionkey: "order-1",
    sequence: "0000000000000000042",
    traceparent: "00-aa-bb-01",
    data: { orderId: "order-1" },
  });
  expect(cloudEventOf({ ...event, headers: null })).not.toHaveProperty("traceparent");
});
