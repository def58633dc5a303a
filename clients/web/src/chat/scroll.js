// Where the log stands: at the end it stays at the end, elsewhere what is looked at does not move, whatever changes
// above or below. It counts itself, as browsers differ in scroll anchoring.

/** So near to the end, in pixels, the log is at its end. */
const END_DISTANCE = 24;

/**
 * @param {HTMLElement} scroller
 * @param {HTMLElement} list
 * @param {{ isAnchor(node: Element): boolean, canPin(): boolean, onMove(): void }} options
 */
export function createScroll(scroller, list, { isAnchor, canPin, onMove }) {
  let isPinned = true;
  /** What is looked at, and how far it is from the top. @type {{ node: Element, top: number } | undefined} */
  let anchor;
  let lastTop = 0;

  const distance = () => scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
  const topOf = (/** @type {Element} */ node) =>
    node.getBoundingClientRect().top - scroller.getBoundingClientRect().top;

  /** The first row that is whole on the screen, else one that is there in part. */
  function findAnchor() {
    const { children } = list;
    let low = 0;
    let high = children.length;
    const edge = scroller.getBoundingClientRect().top;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (children[middle].getBoundingClientRect().top < edge) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < children.length; index++) if (isAnchor(children[index])) return children[index];
    for (let index = low - 1; index >= 0; index--) if (isAnchor(children[index])) return children[index];
  }

  function remember() {
    lastTop = scroller.scrollTop;
    const node = isPinned ? undefined : findAnchor();
    anchor = node && { node, top: topOf(node) };
  }

  /** The reader moved it. */
  function notice() {
    const top = scroller.scrollTop;
    isPinned = canPin() && (distance() <= END_DISTANCE || (isPinned && top >= lastTop - 0.5));
    remember();
  }

  function restore() {
    if (isPinned) scroller.scrollTop = scroller.scrollHeight;
    else if (anchor?.node.isConnected) {
      const moved = topOf(anchor.node) - anchor.top;
      if (moved) scroller.scrollTop += moved;
    }
    lastTop = scroller.scrollTop;
    if (!isPinned && !anchor?.node.isConnected) remember();
  }

  scroller.addEventListener("scroll", () => {
    if (scroller.scrollTop !== lastTop) notice();
    onMove();
  });
  const observer = new ResizeObserver(() => {
    restore();
    onMove();
  });
  observer.observe(scroller);
  observer.observe(list);

  return {
    get isPinned() {
      return isPinned;
    },
    distance,
    topOf,
    /** Changes the rows, and keeps what is looked at in its place. @param {() => void} change */
    keep(change) {
      if (scroller.scrollTop !== lastTop) notice();
      change();
      if (isPinned && !canPin()) {
        isPinned = false;
        remember();
      }
      restore();
    },
    toEnd() {
      isPinned = true;
      restore();
    },
    /** Puts a node at a part of the height. @param {Element} node @param {number} part 0 at the top, 1 at the bottom */
    show(node, part) {
      isPinned = false;
      scroller.scrollTop += topOf(node) - scroller.clientHeight * part;
      notice();
    },
    destroy: () => observer.disconnect(),
  };
}
