// The choices of this browser: theme and notifications.

const KEY = "lambda-chat/settings";
const DEFAULTS = { theme: "system", notifications: false };

/** @typedef {typeof DEFAULTS} Settings */

/**
 * @param {HTMLElement} root the element whose `data-theme` chooses the theme
 * @param {AbortSignal} [signal] ends it
 */
export function createSettings(root, signal) {
  const read = () => {
    try {
      return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
    } catch {
      return { ...DEFAULTS };
    }
  };
  /** @type {Settings} */
  let settings = read();
  const apply = () => {
    if (settings.theme === "system") delete root.dataset.theme;
    else root.dataset.theme = settings.theme;
  };
  apply();
  // Other tabs follow.
  addEventListener(
    "storage",
    (event) => {
      if (event.key !== KEY) return;
      settings = read();
      apply();
    },
    { signal },
  );
  return {
    get: () => settings,
    /** @param {Partial<Settings>} change */
    set(change) {
      settings = { ...settings, ...change };
      try {
        localStorage.setItem(KEY, JSON.stringify(settings));
      } catch {
        // The choice lasts as long as the page.
      }
      apply();
    },
  };
}
