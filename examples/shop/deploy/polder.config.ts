import { defineConfig } from "polder";
import shop from "../polder.config.ts";

// The shop in production: the same domains, reachable from outside of the container. Name your issuer in "gateway" and
// give `--gateway` to `start`, to let users in.
export default defineConfig({
  ...shop,
  domains: shop.domains.map((folder) => `../${folder}`),
  http: { host: "0.0.0.0", port: 4000 },
  // The gateway puts the histories of orders together itself: a hop less, and Storefront may be down.
  gateway: { ...shop.gateway, composes: ["storefront"] },
  // Two replicas with nine domains, and the third that comes while one is replaced, then take no more than 84 connections.
  connectionsMax: 3,
});
