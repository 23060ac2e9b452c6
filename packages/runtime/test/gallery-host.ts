import { createClient } from "@polder/http";
import { type ClientOf, type Implementation, type LogFields, type Logger, silentLogger } from "@polder/model";
import type { Database } from "@polder/postgres";
import type { TestDatabase } from "@polder/postgres/testing";
import { listBuilds } from "@polder/reading";
import { type Host, type HostOptions, startHost } from "../src/index.ts";
import { Gallery, galleryWith, Sales, Studio, salesDomain, studioDomain, Till, tillDomain } from "./gallery.ts";
import { provisionGallery } from "./hosting.ts";

/** The domains whose events Gallery reads. */
export const others: readonly Implementation[] = [studioDomain, salesDomain, tillDomain];

/** Gives Gallery and the others their homes in a database of a test, and hosts them. */
export async function hostGallery(
  database: TestDatabase,
  implementations: readonly Implementation[] = [...others, galleryWith()],
  options: Partial<HostOptions> = {},
): Promise<Host> {
  await provisionGallery(database, implementations);
  return await startHost({ implementations, address: database.appAddress, leaseMs: 3_000, ...options });
}

/** Clients of the four domains. */
export interface GalleryClients {
  readonly studio: ClientOf<typeof Studio>;
  readonly sales: ClientOf<typeof Sales>;
  readonly till: ClientOf<typeof Till>;
  readonly gallery: ClientOf<typeof Gallery>;
}

/** Clients of what a host serves. */
export function clientsOf({ transport }: Host): GalleryClients {
  return {
    studio: createClient(Studio, "1.0.0", { transport }),
    sales: createClient(Sales, "1.0.0", { transport }),
    till: createClient(Till, "1.0.0", { transport }),
    gallery: createClient(Gallery, "1.0.0", { transport }),
  };
}

/** The builds of Gallery, as `copy version state`. */
export async function buildsOf(app: Database): Promise<readonly string[]> {
  return (await listBuilds(app, "gallery")).map(({ copy, version, state }) => `${copy} ${version} ${state}`);
}

/** A logger that remembers what it was told. */
export function listener(): Logger & { readonly said: (message: string) => readonly LogFields[] } {
  const lines: { readonly message: string; readonly fields: LogFields }[] = [];
  const hear = (message: string, fields: LogFields = {}): void => void lines.push({ message, fields });
  return {
    ...silentLogger,
    info: hear,
    warn: hear,
    said: (message) => lines.filter((line) => line.message === message).map(({ fields }) => fields),
  };
}
