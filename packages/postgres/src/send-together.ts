import type pg from "pg";

/**
 * What is sent on a connection in this turn leaves in one piece: begin and the statement after it, or the last
 * statements and the commit. Each piece costs a call of the system here and wakes the server once.
 */
export function sendTogether(client: pg.ClientBase): void {
  const { stream } = (client as pg.ClientBase & { readonly connection: pg.Connection }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}
