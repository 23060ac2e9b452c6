import pg from "pg";
import type { OpenContender } from "../contender.ts";

/** NOTIFY and LISTEN without anything around them: the fastest way from one connection to another. */
export const openNotify: OpenContender = async (server) => {
  const speaking = new pg.Client(server);
  const listening = new pg.Client(server);
  await speaking.connect();
  await listening.connect();
  let version = 0;
  return {
    publishOne: async (key, committing) => {
      version += 1;
      committing(version);
      await speaking.query({ name: "notify", text: "select pg_notify('bench', $1)", values: [`${key}:${version}`] });
    },
    startDelivery: async ({ handled }) => {
      listening.on("notification", ({ payload = "" }) => {
        const [key = "", said] = payload.split(":");
        handled(0, key, Number(said));
      });
      await listening.query("listen bench");
    },
    stopDelivery: async () => {
      listening.removeAllListeners("notification");
      await listening.query("unlisten bench");
    },
    fill: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      await speaking.end();
      await listening.end();
    },
  };
};
