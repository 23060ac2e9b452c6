import { isDeepStrictEqual } from "node:util";
import type { SchemaComparer } from "./schema-format.ts";

/**
 * Compares by equality alone: of two schemas that are not the same it says that it cannot tell. For languages without
 * a comparison of their own, so that nothing is called compatible that nobody has looked at.
 */
export function structuralComparer<Model>(language: string, meaning: (model: Model) => unknown): SchemaComparer<Model> {
  return {
    differences: ({ reader, writer }) =>
      isDeepStrictEqual(meaning(reader), meaning(writer))
        ? []
        : [
            {
              type: "UNDECIDED",
              path: "#/",
              description: `${language} schemas are compared by equality only, and these two differ; set the compatibility of the subject to NONE to register it nevertheless`,
            },
          ],
  };
}
