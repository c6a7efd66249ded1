import { defineConfig } from "vite";

const server = process.env.PHAROS_URL ?? "http://127.0.0.1:9090";

export default defineConfig({
  // Relative asset addresses: together with <base href> the built page works behind any path prefix.
  base: "./",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    minify: "terser",
    terserOptions: { ecma: 2020, module: true, compress: { passes: 3, hoist_props: true } },
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: Object.fromEntries(["/api", "/health", "/-"].map((path) => [path, { target: server, changeOrigin: true }])),
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
