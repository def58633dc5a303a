// Loads what comes near to the screen.

/** So far from the screen, above and below. */
const MARGIN = "600px 0px";

/**
 * @param {Element} root what scrolls
 * @param {AbortSignal} signal
 */
export function createNear(root, signal) {
  /** @type {WeakMap<Element, () => void>} */
  const loaders = new WeakMap();
  const observer = new IntersectionObserver(
    (changes) => {
      for (const { isIntersecting, target } of changes)
        if (isIntersecting) {
          observer.unobserve(target);
          loaders.get(target)?.();
        }
    },
    { root, rootMargin: MARGIN },
  );
  signal.addEventListener("abort", () => observer.disconnect());
  /** Calls `load` when a node comes near. @param {Element} target @param {() => void} load */
  return (target, load) => {
    loaders.set(target, load);
    observer.observe(target);
  };
}
