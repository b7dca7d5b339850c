// Runs before neuroglancer. The addresses of its layers are made whole here, so that the page may lie anywhere, and it
// is told that it is connected to its server: it needs none.
"use strict";
window.EventSource = class {
  constructor() {
    setTimeout(() => this.onopen?.());
  }
  close() {}
};
{
  const state = STATE;
  const here = new URL(".", location.href).href;
  for (const layer of state.layers) {
    for (const source of layer.source) {
      source.url = source.url.replace("://", `://${here}`);
    }
  }
  const [width, height] = [Math.max(innerWidth - 320, 200), Math.max(innerHeight - 60, 200)];
  state.crossSectionScale = Math.min(Math.max(FIT.x / width, FIT.y / height), FIT.most);
  if (location.hash.length < 3) {
    history.replaceState(null, "", `#!${encodeURIComponent(JSON.stringify(state))}`);
  }
}
