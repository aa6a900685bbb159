// Browsers start no worker from a page that is opened as a file. There the search runs in a hidden frame instead.
(() => {
  if (location.protocol !== "file:") return;

  class FrameWorker extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.inside = frame.contentWindow;
      this.inside.document.open();
      this.inside.document.write("<!doctype html><body></body>");
      this.inside.document.close();
      const load = (address) =>
        new Promise((done, failed) => {
          const script = this.inside.document.createElement("script");
          script.src = address;
          script.onload = done;
          script.onerror = failed;
          this.inside.document.body.appendChild(script);
        });
      // What a worker's global object has and a window has not, or has otherwise.
      this.inside.postMessage = (data) => setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })));
      this.inside.importScripts = (...addresses) => addresses.reduce((one, next) => one.then(() => load(next)), Promise.resolve());
      this.ready = load(new URL(url, location.href).href);
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {}
  }

  window.Worker = FrameWorker;
})();
