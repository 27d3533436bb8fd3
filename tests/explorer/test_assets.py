import gzip
import re

import pytest

from tradeoff.explorer.assets import AssetError, join_modules, page_module, plotly_bundle, stylesheet, widget_module


def write(folder, **modules: str):
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder


def test_modules_are_joined_once_and_dependencies_first(tmp_path):
    write(
        tmp_path,
        main='import { b } from "./b.js";\nimport { c } from "./c.js";\n\nexport default { b, c };\n',
        b='import { c } from "./c.js";\n\nexport const b = c + 1;\n',
        c="export const c = 1;\n",
    )
    joined = join_modules(tmp_path, "main.js")
    assert joined.index("const c = 1") < joined.index("const b = c + 1") < joined.index("export default")
    assert joined.count("const c = 1") == 1
    assert "import" not in joined
    assert "export const" not in joined


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"main": 'import { a } from "./a.js";\n'}, "'a.js' is not in"),
        ({"main": 'import { a } from "./a.js";\n', "a": 'import { x } from "./main.js";\n'}, "in a circle"),
        ({"main": 'import * as a from "./a.js";\n', "a": ""}, "must read"),
        ({"main": 'import { a } from "./a.js";\nconst a1 = 1;\n', "a": "const a1 = 2;\n"}, "both define 'a1'"),
    ],
)
def test_what_cannot_be_joined_is_named(tmp_path, modules, said):
    with pytest.raises(AssetError, match=said):
        join_modules(write(tmp_path, **modules), "main.js")


@pytest.mark.parametrize("module", [widget_module, page_module])
def test_the_joined_module_is_a_module(page, module):
    # A data: URL import parses the whole module; running it may fail for want of a page around it.
    source = module()
    error = page.evaluate(
        """async (source) => {
             const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
             try { await import(url); } catch (error) { return error.name; }
             return "";
           }""",
        source,
    )
    assert error != "SyntaxError"
    assert not re.search(r"^import ", source, re.MULTILINE)


def test_plotly_travels_gzipped_and_names_its_version():
    bundle = plotly_bundle()
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", bundle.version)
    assert gzip.decompress(bundle.gzipped).decode() == bundle.source
    assert len(bundle.gzipped) < 1_700_000


def test_styles_stay_inside_the_explorer():
    without = re.sub(r"/\*.*?\*/", "", stylesheet(), flags=re.DOTALL)
    for selectors in re.findall(r"([^{}]+)\{", without):
        outer = selectors
        while (inner := re.sub(r"\([^()]*\)", "", outer)) != outer:
            outer = inner
        for selector in outer.split(","):
            assert selector.strip().startswith((".tradeoff-explorer", "@")), selectors
