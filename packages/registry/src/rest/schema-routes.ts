import type { Hono } from "hono";
import type { Registry } from "../registry.ts";
import { schemaTypes } from "../schema/schema-content.ts";
import { nameOfSubject, subjectOf } from "../subject.ts";
import { schemaAnswer, textIn, versionAnswer } from "./answers.ts";
import { contextIn, deletedIn, flagIn, formIn, guidIn, idIn, searchIn } from "./read-request.ts";

/** `/schemas` and `/v1/metadata`. */
export function schemaRoutes(app: Hono, registry: Registry): void {
  app.get("/schemas", async (context) => {
    const latestOnly = flagIn(context, "latestOnly");
    const found = await registry.schemas({ ...searchIn(context), latestOnly });
    return context.json(found.map((version) => versionAnswer(version)));
  });
  app.get("/schemas/types", (context) => context.json(schemaTypes));
  idRoutes(app, registry);
  app.get("/schemas/guids/:guid", async (context) => {
    const [schema] = await registry.byGuid(guidIn(context));
    return context.json({ ...schemaAnswer(schema, formIn(context)), guid: schema.guid });
  });
  app.get("/schemas/guids/:guid/ids", async (context) => {
    const schemas = await registry.byGuid(guidIn(context));
    return context.json(schemas.map((schema) => ({ context: schema.context, id: schema.id })));
  });
  app.get("/v1/metadata/id", (context) => context.json({ scope: { path: [], clusters: {} }, id: "polder" }));
  // Clients look here for what they may ask of the server: it is as far as that version of theirs.
  app.get("/v1/metadata/version", (context) => context.json({ version: "8.1.1", commitId: "polder" }));
}

function idRoutes(app: Hono, registry: Registry): void {
  app.get("/schemas/ids/:id", async (context) => {
    // The subject says in which context the id is meant.
    const named = context.req.query("subject");
    const within =
      named === undefined || named === "" ? contextIn(context) : subjectOf(named, contextIn(context)).context;
    return context.json(schemaAnswer(await registry.byId(within, idIn(context)), formIn(context)));
  });
  app.get("/schemas/ids/:id/schema", async (context) => {
    const schema = await registry.byId(contextIn(context), idIn(context));
    return context.body(textIn(schema, formIn(context)), 200, { "content-type": "application/json" });
  });
  app.get("/schemas/ids/:id/subjects", async (context) => {
    const holders = await registry.holders(contextIn(context), idIn(context), deletedIn(context));
    return context.json([...new Set(holders.map(({ subject }) => nameOfSubject(subject)))]);
  });
  app.get("/schemas/ids/:id/versions", async (context) => {
    const holders = await registry.holders(contextIn(context), idIn(context), deletedIn(context));
    return context.json(holders.map(({ subject, version }) => ({ subject: nameOfSubject(subject), version })));
  });
}
