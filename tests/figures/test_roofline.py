import math

import numpy as np
import pytest

import tests.figures.frames as frames
from tradeoff.figures.roofline import _get_roofline_info, _get_roofline_plot, plot_roofline
from tradeoff.figures.roofline_panel import sizes_at_ends
from tradeoff.frames import Run, make_points
from tradeoff.limits import Limits

LIMITS = Limits("a CPU", "numpy", 1e10, {"float32": 1e12, "float64": 5e11}, "2026-01-31T12:00:00Z")


def rows(*, sizes=(1, 8, 64, 512), share=0.5, dtype="float32", limits=LIMITS, flops=2e6, weights=1e6, each=1e3, **more):
    """A workload that shares its weights and reaches a `share` of the roof at every batch size."""
    made = []
    for size in sizes:
        arithmetic, moved = flops * size, weights + each * size
        rate = limits.matrix_flops_per_s.get(dtype, 1e12)
        calls = share / max(arithmetic / rate, moved / limits.copy_bytes_per_s)
        place = frames.identity(batch_size=size, dtype=dtype, **{"workload": "gemm", **more})
        made.append(frames.row(place, throughput=calls * size, calls_per_s=calls, flops=arithmetic, bytes=moved))
    return made


def run(*parts, limits=(LIMITS,)):
    return Run(
        make_points([row for part in parts for row in part]), environment={"limits": [one.to_dict() for one in limits]}
    )


def info_of(run, **options):
    return _get_roofline_info(run, **{"limits": None, "concurrency": None, **options})


def test_a_path_goes_from_moving_bytes_to_arithmetic():
    info = info_of(run(rows()))
    ((path,), (roof,)) = info.panels[0].paths, info.panels[0].roofs
    assert path.batch_size == [1, 8, 64, 512]
    assert path.intensity == pytest.approx([2e6 * b / (1e6 + 1e3 * b) for b in path.batch_size])
    assert path.intensity[0] < roof.rate / roof.bandwidth < path.intensity[-1]
    allowed = np.minimum(roof.rate, roof.bandwidth * np.array(path.intensity))
    assert path.attained.value == pytest.approx(0.5 * allowed)
    assert path.attained.low == pytest.approx(0.97 * 0.5 * allowed)
    assert "moving bytes" in path.hover[0]
    assert "arithmetic" in path.hover[-1]
    assert all("50.0 % of the limit" in text for text in path.hover)


def test_the_unit_suits_the_numbers():
    assert "(Gflop/s)" in info_of(run(rows())).y.title
    fast = Limits("a CPU", "numpy", 1e13, {"float32": 1e15}, LIMITS.measured_at)
    info = info_of(run(rows(limits=fast), limits=[fast]))
    assert "(Tflop/s)" in info.y.title
    assert info.panels[0].roofs[0].rate == pytest.approx(1000.0)
    assert "memory 10.0 TB/s" in info.panels[0].slopes[0][1]


def test_a_roof_for_every_type_that_is_there_and_a_path_for_every_group():
    info = info_of(run(rows(), rows(dtype="float64"), rows(workload="mlp", mode="isolated")))
    assert [roof.name for roof in info.panels[0].roofs] == ["float64", "float32"]
    assert [path.name for path in info.panels[0].paths] == [
        "gemm · float32 · mode concurrent", "gemm · float64 · mode concurrent", "mlp · float32 · mode isolated",
    ]  # fmt: skip
    assert len(info_of(run(rows())).panels[0].roofs) == 1


def test_roofs_that_lie_together_share_a_label():
    close = Limits("a CPU", "numpy", 1e10, {"float16": 1e12, "bfloat16": 1.1e12, "float32": 1e11}, LIMITS.measured_at)
    parts = [rows(dtype=dtype, limits=close) for dtype in close.matrix_flops_per_s]
    labels = [text for _, text in info_of(run(*parts, limits=[close])).panels[0].labels]
    assert labels == ["float32 100 Gflop/s", "float16 1\u202f000 · bfloat16 1\u202f100 Gflop/s"]


def test_the_lowest_concurrency_unless_asked():
    both = run(rows(share=0.4), rows(share=0.8, concurrency=4), rows(workload="mlp", concurrency=2))
    info = info_of(both)
    assert [len(path.batch_size) for path in info.panels[0].paths] == [4, 4]
    assert "40.0 %" in info.panels[0].paths[0].hover[0]
    assert "80.0 %" in info_of(both, concurrency=4).panels[0].paths[0].hover[0]
    with pytest.raises(ValueError, match="concurrency=3: nothing was measured there, only at 1, 2, 4"):
        plot_roofline(both, concurrency=3)


def test_devices_have_panels_of_their_own():
    other = Limits("a GPU", "torch", 1e12, {"float32": 1e13}, LIMITS.measured_at)
    info = info_of(run(rows(), rows(device="a GPU", backend="torch", limits=other), limits=[LIMITS, other]))
    assert [panel.title for panel in info.panels] == ["a CPU", "a GPU"]
    assert len({trace.yaxis for trace in _get_roofline_plot(info, "light").data}) == 2


def test_without_limits_there_is_no_roof_and_a_sentence():
    info = info_of(run(rows(), limits=[]))
    assert info.panels[0].roofs == ()
    assert any("limits of a CPU are not known: measure them" in line for line in info.caption)
    assert info_of(make_points(rows())).panels[0].paths[0].batch_size == [1, 8, 64, 512]


def test_limits_may_be_given():
    assert info_of(make_points(rows()), limits=LIMITS).panels[0].roofs == info_of(run(rows())).panels[0].roofs
    assert info_of(run(rows()), limits=[]).panels[0].roofs == ()


def test_a_type_without_a_rate_has_no_roof():
    info = info_of(run(rows(), rows(dtype="float16")))
    assert [roof.name for roof in info.panels[0].roofs] == ["float32"]
    assert "No roof for float16: its matrix rate was not measured." in info.caption


def test_above_the_roof_is_told_and_shown():
    info = info_of(run(rows(share=1.5)))
    assert any(line.startswith("4 points lie above the roof") for line in info.caption)
    assert max(info.panels[0].paths[0].attained.value) <= info.y.high


def test_rows_without_a_place_are_named():
    extra = [
        frames.row(frames.identity(workload="secret")),
        frames.row(frames.identity(workload="copy"), flops=0.0, bytes=1e6, calls_per_s=1.0),
        frames.failed(frames.identity(workload="gemm", batch_size=4096)),
    ]
    caption = " ".join(info_of(run(rows(), extra)).caption)
    assert "Not shown: secret, which does not say how many operations and bytes a call takes." in caption
    assert "Not shown: copy, which does no arithmetic." in caption
    assert "Not shown: gemm at batch 4096 (out of memory: tried to allocate 2 GiB)." in caption


def test_labels_of_sizes_stand_apart():
    info = info_of(run(rows(), rows(workload="mlp", share=0.49), rows(workload="other", each=1e9, sizes=(1, 2, 4))))
    labels = sizes_at_ends(info.panels[0].paths, info.x, info.y)
    assert [size for size, *_ in labels][:2] == [1.0, 512.0]
    assert len(labels) < 6
    constant = info_of(run(rows(weights=0.0)))
    assert {at for *_, at in sizes_at_ends(constant.panels[0].paths, constant.x, constant.y)} == {"middle right"}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("made", "said", "drawn"),
    [
        ([], "measure some first", 0),
        ([frames.row(frames.identity())], "does not say how many operations", 0),
        ([frames.failed(frames.identity(), reason=frames.HOSTILE)], "out of memory: &lt;/script&gt;", 0),
        (rows(sizes=(4,)), "the lowest that was measured", 1),
        (
            [{**row, "throughput_rps_lo": math.nan, "throughput_rps_hi": math.nan} for row in rows()],
            "the lowest that was measured",
            len(rows()),
        ),
    ],
)
def test_little_or_nothing_to_draw(made, said, drawn, theme):
    figure = plot_roofline(run(made), theme=theme)
    assert said in " ".join(frames.texts(figure))
    paths = [trace for trace in figure.data if trace.hoverinfo == "text"]
    assert sum(len(trace.x) for trace in paths) == drawn


def test_nothing_to_draw_says_why():
    assert any("measure some first" in text for text in frames.texts(plot_roofline(make_points([]))))
    said = " ".join(frames.texts(plot_roofline(make_points([frames.row(frames.identity())]))))
    assert "does not say how many operations" in said


def test_a_strangers_limits_are_passed_over():
    for record in ("fast", {"copy_bytes_per_s": -1}, [None, {"device": frames.HOSTILE}]):
        figure = plot_roofline(Run(make_points(rows()), environment={"limits": record}))
        assert "are not known: measure them" in " ".join(frames.texts(figure))


def test_hostile_names_are_text():
    hostile = Limits(frames.HOSTILE, "numpy", 1e10, {"float32": 1e12, frames.HOSTILE: 1e12}, "")
    parts = [rows(workload=frames.HOSTILE, device=frames.HOSTILE), rows(device=frames.HOSTILE, dtype=frames.HOSTILE)]
    parts += [rows(device="b")]
    assert "<img" not in "".join(frames.texts(plot_roofline(run(*parts, limits=[hostile]))))
