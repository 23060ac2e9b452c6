import { homeOf, homeSteps, migrate, migrationOf, outboxInsert, provision } from "@polder/postgres";
import { testServer } from "@polder/postgres/testing";
import { expect, test } from "vitest";

test("the example of the README runs", async () => {
  // #region example
  await using server = await testServer();
  await using database = await server.database();
  const { admin, password } = database;

  const shelf = homeOf("shelf");
  await provision({ admin, homes: [shelf], scopes: [homeSteps(shelf)], password });
  const first = migrationOf("0001-book.sql", "create table book (title text primary key)");
  await migrate({ admin, home: shelf, migrations: [first] });

  await using asShelf = database.openAs(shelf);
  const transaction = asShelf.begin();
  const [book] = await transaction.sql<{ title: string }>`
    insert into book values (${"Utopia"}) returning title`;
  await transaction.commit();
  // #endregion example
  expect(book).toEqual({ title: "Utopia" });
  expect(outboxInsert(shelf.schema, []).values).toHaveLength(7);
});
