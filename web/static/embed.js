// <faultline-incident>: a frame of ours, as high as what is in it. The frame that
// stands inside the element is taken; without one, the attributes incident (an id,
// with @revision to keep it), theme, lang, tz and parts say what to show.
(() => {
  "use strict";
  if (customElements.get("faultline-incident")) return;
  const home = new URL(document.currentScript?.src ?? location.href);
  const base = home.href.slice(0, home.href.lastIndexOf("/"));
  const TALLEST = 5000; // points that a frame may ask for

  class FaultlineIncident extends HTMLElement {
    connectedCallback() {
      this.style.display = "block";
      this.frame = this.querySelector("iframe") ?? this.make();
      if (!this.frame) return;
      this.listen = (event) => {
        const said = event.data;
        if (event.source !== this.frame.contentWindow || said?.type !== "faultline:height") return;
        const height = Number(said.height);
        if (height > 0 && height <= TALLEST) this.frame.style.height = `${height}px`;
      };
      addEventListener("message", this.listen);
      this.frame.contentWindow?.postMessage("faultline:height?", "*"); // it may have told nobody already
    }

    disconnectedCallback() {
      if (this.listen) removeEventListener("message", this.listen);
    }

    make() {
      const incident = this.getAttribute("incident") ?? "";
      if (!/^inc_[0-9A-Za-z]+(@[0-9]+)?$/.test(incident)) return null;
      const query = new URLSearchParams();
      for (const name of ["theme", "lang", "tz", "parts"]) {
        if (this.getAttribute(name)) query.set(name, this.getAttribute(name));
      }
      const frame = document.createElement("iframe");
      frame.src = `${base}/embed/incident/${incident}?${query}`;
      frame.title = "Faultline";
      frame.width = "100%";
      frame.height = "560";
      frame.loading = "lazy";
      frame.setAttribute("sandbox", "allow-scripts allow-popups allow-popups-to-escape-sandbox");
      frame.style.cssText = "border:0;width:100%;max-width:672px";
      this.append(frame);
      return frame;
    }
  }
  customElements.define("faultline-incident", FaultlineIncident);
})();
