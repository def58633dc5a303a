// `lambda-chat/indexeddb`: unsent messages, their files and drafts survive a reload, and all tabs share them.

/** @import { Storage, StoreName } from "./engine/storage.js" */

/** The version of the layout of the database. */
const VERSION = 1;
const STORES = /** @type {const} */ (["outbox", "files", "drafts"]);

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * Keeps values in IndexedDB. If the browser refuses it, as in some private windows, every method rejects: then a client
 * warns and goes on in memory.
 * @param {{ name?: string, indexedDB?: IDBFactory }} [options] `name`: that of the database.
 * @returns {Storage}
 */
export function indexedDBStorage({ name = "lambda-chat", indexedDB } = {}) {
  /** @type {Promise<IDBDatabase> | undefined} */
  let opening;

  const open = () =>
    (opening ??= new Promise((/** @type {(database: IDBDatabase) => void} */ resolve, reject) => {
      const request = (indexedDB ?? globalThis.indexedDB).open(name, VERSION);
      request.onupgradeneeded = () => {
        for (const store of STORES) request.result.createObjectStore(store);
      };
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const database = request.result;
        // A tab with a later version, or the browser, closes the database: the next use opens it again.
        const forget = () => (opening = undefined);
        database.onversionchange = () => {
          forget();
          database.close();
        };
        database.onclose = forget;
        resolve(database);
      };
    }).catch((error) => {
      opening = undefined;
      throw error;
    }));

  /**
   * Runs a request in a transaction. A write is done when its transaction is: that may fail after the request.
   * @template T
   * @param {StoreName} store
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<T>} run
   */
  async function transact(store, mode, run) {
    const transaction = (await open()).transaction(store, mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const [result] = await Promise.all([settled(run(transaction.objectStore(store))), done]);
    return result;
  }

  return {
    isShared: true,
    put: (store, user, id, value) => transact(store, "readwrite", (values) => values.put(value, [user, id])),
    get: (store, user, id) => transact(store, "readonly", (values) => values.get([user, id])),
    delete: (store, user, id) => transact(store, "readwrite", (values) => values.delete([user, id])),
    // In the order of keys, an array comes after every text.
    list: (store, user) =>
      transact(store, "readonly", (values) => values.getAll(globalThis.IDBKeyRange.bound([user], [user, []]))),
  };
}
