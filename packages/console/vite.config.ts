import react from "@vitejs/plugin-react";
import { join } from "node:path";
import { defineConfig } from "vite";

/** Where `npm run dev` finds an API: a running `outweigh up`, or the fixture server of `dev/`. */
const api = process.env["OUTWEIGH_API"] ?? "http://127.0.0.1:7701";

export default defineConfig({
  root: import.meta.dirname,
  publicDir: join(import.meta.dirname, "src", "public"),
  plugins: [react()],
  server: { host: "127.0.0.1", proxy: { "/api": api, "/open": api } },
  build: {
    target: "es2023",
    // A strict policy forbids data: addresses and inline scripts: nothing is inlined, nothing is polyfilled by a script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
