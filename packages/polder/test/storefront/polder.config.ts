// #region config
import { defineConfig } from "polder";

export default defineConfig({
  domains: ["./domains/order", "./domains/payment", "./domains/storefront"],
  gateway: { port: 4000, composes: ["storefront"] },
});
// #endregion config
