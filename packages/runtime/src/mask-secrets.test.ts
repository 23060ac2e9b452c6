import { expect, test } from "vitest";
import { maskSecrets } from "./mask-secrets.ts";

test.each([
  ["postgres://shop:hunter2@db.example:5432/shop", "postgres://shop:***@db.example:5432/shop"],
  ["connect to postgresql://shop:p%40ss@db/shop failed", "connect to postgresql://shop:***@db/shop failed"],
  ["postgres://shop:a@b:c/d@db/shop", "postgres://shop:***@db/shop"],
  ["postgres://:secret@db/shop", "postgres://:***@db/shop"],
  ['{"url":"postgres://a:b@c/d","other":"e@f"}', '{"url":"postgres://a:***@c/d","other":"e@f"}'],
])("%s", (text, masked) => {
  expect(maskSecrets(text)).toBe(masked);
});

test.each(["http://127.0.0.1:4000/inventory/v1", "postgres://shop@db:5432/shop", "mail to warehouse@shop.example"])(
  "%s has nothing to hide",
  (text) => {
    expect(maskSecrets(text)).toBe(text);
  },
);
