import { defineConfig } from "polder";
import shop from "../polder.config.ts";

// The shop in production: the same domains, reachable from outside of the container. Name your issuer in "gateway" and
// give `--gateway` to `start`, to let users in.
export default defineConfig({
  ...shop,
  domains: shop.domains.map((folder) => `../${folder}`),
  http: { host: "0.0.0.0", port: 4000 },
  // Two replicas with six domains then take no more than 62 connections.
  connectionsMax: 5,
});
