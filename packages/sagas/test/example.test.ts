import { saga } from "@polder/model";
import { testServer, until } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { listSagas, runSagas, sagaStart } from "../src/index.ts";
import { openAgency, seams, travel, travelHome } from "./travel.ts";

test("the example of the README runs", async () => {
  await using server = await testServer();
  await using database = await server.database(travelHome);
  await using agency = await openAgency(database, []);
  const { database: app, instance } = agency;
  const booked: string[] = [];
  // #region example
  const trip = saga(travel, "trip", {
    input: z.object({ city: z.string() }),
    run: async ({ input, step, abort }) => {
      await step("flight", {
        run: async ({ key }) => booked.push(`flight to ${input.city} under ${key}`),
        undo: async ({ key }) => booked.push(`no flight, under ${key}`),
      });
      abort("it rains there");
    },
  });
  const running = runSagas({ domain: "travel", sagas: [trip], database: app, instance, seams: () => seams });
  await app.begin().commit([sagaStart("travel", { name: "trip", key: "1", input: { city: "Oslo" }, headers: null })]);
  running.wake();
  // #endregion example
  const look = async () => (await listSagas(database.admin, "travel", { all: true }))[0];
  await until(async () => (await look())?.endedAt != null, "the trip has ended");
  expect(await look()).toMatchObject({ state: "undone", reason: "it rains there" });
  expect(booked).toEqual([
    expect.stringMatching(/^flight to Oslo under saga:.+:flight$/),
    expect.stringMatching(/^no flight, under saga:.+:flight:undo$/),
  ]);
  await running.stop();
});
