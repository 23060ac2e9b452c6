// #region config
import { defineConfig } from "polder";

export default defineConfig({
  domains: ["./domains/guestbook", "./domains/welcome"],
  gateway: { port: 4000 },
});
// #endregion config
