import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { closedEnum, type OpenEnum, openEnum } from "./index.ts";

test("an open enum keeps its literals and takes every text", () => {
  const schema = z.object({ status: openEnum("placed", "paid") });
  type Status = z.infer<typeof schema>["status"];
  expectTypeOf<Status>().toEqualTypeOf<OpenEnum<"placed" | "paid">>();
  expectTypeOf<"placed">().toExtend<Status>();
  expectTypeOf<"unheard of">().toExtend<Status>();
  // @ts-expect-error: an enum needs a value
  openEnum();
});

test("a closed enum is its literals", () => {
  const schema = closedEnum("in", "out");
  expectTypeOf<z.infer<typeof schema>>().toEqualTypeOf<"in" | "out">();
});
