// What the parts of the page share: the client, the layers, the drafts, the live region.
import { createDrafts } from "./drafts.js";
import { createLayers } from "./layers.js";
import { createLive } from "./live.js";

/**
 * What the parts of the page share.
 * @param {any} options
 */
export function createContext({ client, root, scope, settings, router, ...more }) {
  const layers = createLayers(root);
  const live = createLive();
  return {
    client,
    layers,
    layerRoot: root,
    live,
    settings,
    router,
    drafts: createDrafts(scope),
    me: () => client.me.get()?.id ?? "",
    ...more,
  };
}
