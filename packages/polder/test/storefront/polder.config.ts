// #region config
import { defineConfig } from "polder";

export default defineConfig({
  domains: ["./domains/catalog", "./domains/order", "./domains/payment", "./domains/storefront", "./domains/support"],
  gateway: { port: 4000, composes: ["storefront"] },
});
// #endregion config
