// plotly.js, loaded once a page and version however many explorers ask for it.

const REGISTRY = "__tradeoff_plotly__"; // on globalThis: version -> promise of the Plotly object

// Give plotly.js of `version`: the one the page has, the one another explorer loaded, or the host's own.
export function loadPlotly(model, version) {
  if (globalThis.Plotly?.version === version) return Promise.resolve(globalThis.Plotly);
  const loaded = (globalThis[REGISTRY] ??= {});
  loaded[version] ??= requestPlotly(model, version).catch((error) => {
    delete loaded[version]; // a lost kernel must not spoil the next attempt
    throw error;
  });
  return loaded[version];
}

async function requestPlotly(model, version) {
  return runScript(await inflate(await askHost(model, version)), version);
}

// The text of gzipped bytes.
export function inflate(gzipped) {
  const stream = new Blob([gzipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function askHost(model, version) {
  return new Promise((resolve, reject) => {
    const answered = (content, buffers) => {
      if (content?.kind !== "plotly") return;
      finish();
      if (content.error) reject(new Error(content.error));
      else resolve(buffers[0]);
    };
    const timer = setTimeout(() => {
      finish();
      reject(new Error("plotly.js did not arrive: the kernel is busy or gone. Run the cell again."));
    }, 60_000);
    const finish = () => {
      clearTimeout(timer);
      model.off("msg:custom", answered);
    };
    model.on("msg:custom", answered);
    model.send({ kind: "plotly", version });
  });
}

// An inline script runs at once and, unlike a blob or eval, can be named by its hash in a content security policy.
function runScript(source, version) {
  const before = globalThis.Plotly;
  const script = document.createElement("script");
  script.textContent = source;
  document.head.append(script);
  script.remove();
  const loaded = globalThis.Plotly;
  if (before !== undefined) globalThis.Plotly = before; // another version that the page relies on
  if (loaded?.version !== version) throw new Error(`plotly.js ${version} could not be started in this page.`);
  return loaded;
}
