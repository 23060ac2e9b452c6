import { fastify } from "fastify";
import { z } from "zod";
import { changeByHand } from "../change-by-hand.ts";
import type { OpenCallServer } from "../contender.ts";
import { CHANGE_PATH, type ChangeInput, changeInput, changeOutput } from "../order.ts";

/** Fastify in its own way: JSON Schema, compiled for what comes and to write what goes. */
export const openFastify: OpenCallServer = async (server) => {
  const { change, [Symbol.asyncDispose]: closeDatabase } = changeByHand(server);
  const app = fastify();
  // Its validator knows the older dialect of JSON Schema.
  const schemaOf = (schema: z.ZodType): object => z.toJSONSchema(schema, { target: "draft-7" });
  const schema = { body: schemaOf(changeInput), response: { 200: schemaOf(changeOutput) } };
  app.post<{ Body: ChangeInput }>(CHANGE_PATH, { schema }, (request) => change(request.body));
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await closeDatabase();
    },
  };
};
