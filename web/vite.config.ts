/** Builds the web pages into `dist-web/`. Addresses are relative, so a static export works in any folder of any file host. */
import { defineConfig, type Plugin } from 'vite';

/** The page names the scripts that its first one asks for, so that all are loaded and made ready at once. */
const preloadScripts: Plugin = {
  name: 'preload-scripts',
  transformIndexHtml: {
    order: 'post',
    handler: (_, { bundle = {} }) =>
      Object.values(bundle).flatMap((chunk) =>
        chunk.type === 'chunk' && !chunk.isEntry
          ? [
              {
                tag: 'link',
                injectTo: 'head',
                attrs: { rel: 'modulepreload', crossorigin: true, href: `./${chunk.fileName}` },
              },
            ]
          : [],
      ),
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: {
    outDir: '../dist-web',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no script within the page.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  oxc: { jsx: { runtime: 'automatic' } },
  plugins: [preloadScripts],
});
