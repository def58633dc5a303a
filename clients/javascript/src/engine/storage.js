// Where unsent messages wait.

/**
 * The kinds of things that are stored.
 * @typedef {"outbox" | "files" | "drafts"} StoreName
 */

/**
 * Keeps values per user. Every method may reject: then the engine goes on with what it has in memory.
 * @typedef {object} Storage
 * @property {boolean} [isShared] Whether all tabs of this origin see the same values.
 * @property {(store: StoreName, user: string, id: string, value: any) => Promise<unknown>} put
 * @property {(store: StoreName, user: string, id: string) => Promise<any>} get Undefined if there is none.
 * @property {(store: StoreName, user: string, id: string) => Promise<unknown>} delete
 * @property {(store: StoreName, user: string) => Promise<any[]>} list All values, in any order.
 */

/**
 * Keeps values until the page is left.
 * @returns {Storage}
 */
export function memoryStorage() {
  /** @type {Map<string, any>} */
  const values = new Map();
  /** @param {string[]} parts */
  const keyOf = (...parts) => JSON.stringify(parts);
  return {
    put: async (store, user, id, value) => values.set(keyOf(store, user, id), value),
    get: async (store, user, id) => values.get(keyOf(store, user, id)),
    delete: async (store, user, id) => values.delete(keyOf(store, user, id)),
    list: async (store, user) => {
      const prefix = keyOf(store, user).slice(0, -1) + ",";
      return [...values].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
    },
  };
}
