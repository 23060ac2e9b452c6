import { createClient } from "@polder/http";
import {
  type ClientOf,
  handler,
  type Implementation,
  implement,
  type LogFields,
  type Logger,
  silentLogger,
} from "@polder/model";
import type { TestDatabase } from "@polder/postgres/testing";
import { type Host, type HostOptions, startHost } from "../src/index.ts";
import { Gallery, Sales, Studio, studio, studioDomain, Till } from "./gallery.ts";

/** Some of the gallery's domains at work in a process, and who calls them. */
export interface GalleryAtWork extends AsyncDisposable {
  readonly host: Host;
  readonly studio: ClientOf<typeof Studio>;
  readonly sales: ClientOf<typeof Sales>;
  readonly till: ClientOf<typeof Till>;
  readonly gallery: ClientOf<typeof Gallery>;
}

/** Starts domains that have their homes already. */
export async function work(
  database: Pick<TestDatabase, "appAddress">,
  implementations: readonly Implementation[],
  options: Partial<HostOptions> = {},
): Promise<GalleryAtWork> {
  const host = await startHost({ implementations, address: database.appAddress, leaseMs: 3_000, ...options });
  const { transport } = host;
  return {
    host,
    studio: createClient(Studio, "1.0.0", { transport }),
    sales: createClient(Sales, "1.0.0", { transport }),
    till: createClient(Till, "1.0.0", { transport }),
    gallery: createClient(Gallery, "1.0.0", { transport }),
    [Symbol.asyncDispose]: () => host.stop(),
  };
}

/** The sales in the book, as `sale:state`. */
export async function bookOf({ gallery }: Pick<GalleryAtWork, "gallery">): Promise<string> {
  const answer = await gallery.book({});
  return answer.ok ? answer.value.sales.map(({ sale, state }) => `${sale}:${state}`).join() : "";
}

/** The names of the artists that Gallery knows. */
export async function namesOf({ gallery }: Pick<GalleryAtWork, "gallery">): Promise<string> {
  const answer = await gallery.names({});
  return answer.ok ? answer.value.names.map(({ name }) => name).join() : "";
}

/** A page of artists, as Studio answers it. */
export interface ArtistsPage {
  readonly artists: readonly { readonly artist: string; readonly name: string; readonly born: number | null }[];
  readonly next: string | null;
}

/** Studio, whose pages of artists a test turns; `page` is what Studio would have answered. */
export function studioTurning(
  turn: (page: ArtistsPage, after: string | undefined) => ArtistsPage | Promise<ArtistsPage>,
): Implementation {
  const { studio: apis = {} } = studioDomain.apis;
  const artists = handler(studio, Studio.artists, async (context) => {
    const page = await apis["artists"]?.run(context as never);
    const { artists: some, next } = await turn(page as ArtistsPage, context.input.after);
    return { artists: [...some], next };
  });
  return implement(studio, { apis: { studio: { ...apis, artists } as never } });
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
