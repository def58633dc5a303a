// Keeps the page in the part of the window that an on-screen keyboard leaves.

/** @param {HTMLElement} node @param {AbortSignal} signal */
export function followViewport(node, signal) {
  const viewport = globalThis.visualViewport;
  if (!viewport) return;
  const fit = () => {
    // Pinch zoom is no keyboard.
    if (viewport.scale > 1.01) return;
    const isCovered = viewport.height < innerHeight - 1;
    node.style.height = isCovered ? `${viewport.height}px` : "";
    node.style.top = isCovered ? `${viewport.offsetTop}px` : "";
  };
  viewport.addEventListener("resize", fit, { signal });
  viewport.addEventListener("scroll", fit, { signal });
  fit();
}
