"""The report: what it says, that it is whole and harmless, and that it only looks."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")

LOGITS = nn.binary_cross_entropy_with_logits
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """The tags, attributes and cells of a page, and whether every tag is closed."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.open, self.rows = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


def trained(outputs=1, epochs=3, **options):
    """A model, its history, its samples and its loss."""
    X, y = nn.data.spiral(24, seed=0, classes=max(2, outputs))
    model = nn.MLP(2, [4, outputs], "tanh", generator=0)
    loss = nn.cross_entropy if outputs > 1 else LOGITS
    options = {"record": True, "progress": False} | options
    history = nn.fit(model, X, y, loss, nn.Adam(model.parameters(), 0.05), epochs, 8, **options)
    return history, model, X, y, loss


@pytest.fixture(scope="module")
def whole():
    """All arguments of a report, and its page."""
    arguments = trained(validation=0.25)
    return arguments, nn.report(*arguments, settings={"optimizer": "Adam"})


def test_the_tables_hold_the_final_figures(whole):
    (history, model, *_), report = whole
    rows = Page(report.html).rows
    for row in (
        ["epochs", "3"],
        ["loss", f"{history.loss[-1]:.4g}"],
        ["accuracy", f"{history.accuracy[-1]:.1%}"],
        ["validation loss", f"{history.validation_loss[-1]:.4g}"],
        ["validation accuracy", f"{history.validation_accuracy[-1]:.1%}"],
        ["model", repr(model)],
        ["learning rate", "0.05"],
        ["optimizer", "Adam"],
    ):
        assert row in rows


def test_the_layers_are_those_of_diagnose(whole):
    (_, model, X, y, loss), report = whole
    rows = Page(report.html).rows
    for layer in nn.diagnose(model, X, y, loss).layers:
        (row,) = [row for row in rows if row[0] == layer.name]
        assert row[1] == layer.summary
        assert row[2] == str(len(layer.gradients))
        assert row[3:5] == [f"{layer.mean_gradient:.2e}", f"{layer.max_gradient:.2e}"]
        saturated = "-" if layer.saturated is None else f"{layer.saturated:.0%}"
        assert row[5] == saturated


def pictures(report):
    """How many SVG, PNG and GIF pictures the page has."""
    page = Page(report.html)
    sources = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    kinds = [source.split(";")[0].removeprefix("data:image/") for source in sources]
    return page.tags.count("svg"), kinds.count("png"), kinds.count("gif")


def test_a_whole_report_has_all_pictures(whole):
    # Curves, ratios, gradients, flow, saturation, two histograms; surface; boundary.
    assert pictures(whole[1]) == (7, 2, 1)


def test_without_samples_it_shows_the_training_alone(whole):
    (history, model, *_), _ = whole
    assert pictures(nn.report(history, model)) == (3, 0, 0)


def test_without_records_it_shows_the_last_boundary():
    history, model, X, y, loss = trained(outputs=3, record=False)
    assert pictures(nn.report(history, model, X, y, loss)) == (5, 2, 0)


def test_one_epoch_and_no_hidden_layer():
    X, y = nn.data.moons(12, seed=0)
    model = nn.MLP(2, [1], generator=0)
    optimizer = nn.SGD(model.parameters(), 0.1)
    history = nn.fit(model, X, y, LOGITS, optimizer, 1, record=True, progress=False)
    assert pictures(nn.report(history, model, X, y, LOGITS)) == (6, 1, 1)


def test_before_the_first_epoch_there_is_a_table_at_least():
    report = nn.report(nn.History(), nn.MLP(2, [1]))
    assert pictures(report) == (0, 0, 0)
    assert ["epochs", "0"] in Page(report.html).rows


class Line(nn.Module):
    """No neurons, and a hostile name."""

    def __init__(self, name="slope"):
        self.table = {name: Value(2.0)}

    def __call__(self, x):
        return self.table[next(iter(self.table))] * x


def test_a_module_of_ones_own_with_arrays():
    model = Line()
    X = np.array([1.0, 2.0, 3.0])
    history = nn.fit(
        model, X, X, nn.squared_error, nn.SGD(model.parameters(), 0.01), 1, 2, progress=False
    )
    assert pictures(nn.report(history, model, X, X, nn.squared_error)) == (2, 0, 0)


@pytest.mark.parametrize("rate", [0.0, 0.01])
def test_a_path_that_spans_no_plane_has_no_surface(rate):
    model = Line()  # of one parameter
    X = [1.0, 2.0]
    optimizer = nn.SGD(model.parameters(), rate)
    history = nn.fit(model, X, X, nn.squared_error, optimizer, 3, record=True, progress=False)
    assert pictures(nn.report(history, model, X, X, nn.squared_error)) == (4, 0, 0)
    arguments = trained()
    frozen = nn.SGD(arguments[1].parameters(), 0.0)
    history = nn.fit(arguments[1], *arguments[2:], frozen, 3, record=True, progress=False)
    assert pictures(nn.report(history, *arguments[1:])) == (7, 1, 1)


def test_every_picture_says_what_it_shows(whole):
    page = whole[1].html
    assert page.count('role="img"') == page.count("<title>") - 1 == 7
    alts = [value for tag, name, value in Page(page).attributes if (tag, name) == ("img", "alt")]
    assert len(alts) == 3
    assert all(alts)
    assert all(re.findall(r'role="img"[^>]*><title>([^<]*)</title>', page))


def test_it_is_whole_without_scripts_or_other_resources(whole):
    page = Page(whole[1].html)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    references = {
        value[:5]
        for _, name, value in page.attributes
        if name in ("src", "href", "xlink:href", "srcset")
    }
    assert all(reference.startswith(("#", "data:")) for reference in references)
    assert "@import" not in whole[1].html


def test_each_drawing_is_well_formed_with_ids_of_its_own(whole):
    drawings = re.findall(r"<svg.*?</svg>", whole[1].html, flags=re.DOTALL)
    ids = [re.findall(r' id="([^"]*)"', drawing) for drawing in drawings]
    for drawing, own in zip(drawings, ids, strict=True):
        ET.fromstring(drawing)  # noqa: S314 - our own text
        assert len(set(own)) == len(own)
        used = re.findall(r'(?:url\(|href=")#([^")]*)', drawing)
        assert set(used) <= set(own)
        assert "#000000" not in drawing
    together = [name for own in ids for name in own]
    assert len(set(together)) == len(together)


@settings(max_examples=15)
@given(st.text(min_size=1))
def test_names_and_texts_are_shown_and_never_obeyed(text):
    hostile = f"</title><script>alert(1)</script>\"'&{text}"
    history = nn.History(stopped=hostile)
    page = nn.report(history, Line(hostile), title=hostile, settings={hostile: hostile}).html
    parsed = Page(page)
    assert "script" not in parsed.tags
    shown = [cell for row in parsed.rows for cell in row]
    assert sum("</title><script>alert(1)</script>\"'&" in cell for cell in shown) >= 3
    page.encode("utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page)


def test_names_in_pictures_are_shown_and_never_obeyed():
    hostile = '</title></svg><script>alert(1)</script>\x00$x\ud800&"\' id="BODY $body'
    model = Line(hostile)
    X = [1.0, 2.0]
    optimizer = nn.SGD(model.parameters(), 0.01)
    history = nn.fit(model, X, X, nn.squared_error, optimizer, 1, record=True, progress=False)
    report = nn.report(history, model, X, X, nn.squared_error, title=hostile)
    assert pictures(report) == (4, 0, 0)
    assert "script" not in Page(report.html).tags
    assert report.html.count("<h1>") == 1
    for drawing in re.findall(r"<svg.*?</svg>", report.html, flags=re.DOTALL):
        ET.fromstring(drawing)  # noqa: S314 - our own text
    report.html.encode("utf-8")


def test_the_model_stays_as_it_was():
    arguments = trained()
    model = arguments[1]
    before = [(p.data, p.grad, p._reached) for p in model.parameters()]
    nn.report(*arguments)
    assert [(p.data, p.grad, p._reached) for p in model.parameters()] == before


def test_further_pictures_have_their_captions(whole):
    (history, model, *_), _ = whole
    figure = nn.plots.misread_images([[0.0] * 4], [0], [1])
    page = nn.report(history, model, pictures={"what <it> misread": figure}).html
    assert "what &lt;it&gt; misread" in page


def test_it_is_saved_and_shown(whole, tmp_path):
    report = whole[1]
    path = report.save(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == report.html
    with pytest.raises(ValueError, match=r"saved as \.html, not '\.pdf'"):
        report.save(tmp_path / "report.pdf")
    assert re.fullmatch(r"<Report of \d\.\d MB, .*>", repr(report))
    shown = report._repr_html_()
    assert '<iframe sandbox="" srcdoc="' in shown
    assert "<h1>" not in shown  # all of the page is in the attribute


@pytest.mark.parametrize("given", [{"X": []}, {"X": [], "y": []}, {"loss": LOGITS}])
def test_samples_come_with_targets_and_loss(given):
    with pytest.raises(TypeError, match="X, y and loss together"):
        nn.report(nn.History(), nn.MLP(2, [1]), **given)


def test_metrics_of_ones_own_are_among_the_results():
    history = nn.History(loss=[0.5], metrics={"f1": [0.25, 0.8125], "validation_f1": [0.75]})
    text = nn.report(history, nn.MLP(1, [1])).html
    assert re.search(r"f1</th>\s*<td>0\.8125", text)
    assert re.search(r"validation f1</th>\s*<td>0\.75", text)


def test_a_report_about_images_shows_what_was_misread_and_what_is_looked_for():
    X = [[float(i * k % 5) for i in range(16)] for k in range(1, 13)]
    y = [k % 3 for k in range(12)]
    model = nn.MLP(16, [4, 3], "tanh", generator=0)
    history = nn.fit(
        model, X, y, nn.cross_entropy, nn.SGD(model.parameters(), 0.01), 2, progress=False
    )
    page = nn.report(history, model, X, y, nn.cross_entropy).html
    for words in ("Confusion matrix of 3 classes", "of 12 misread", "Weights of neurons"):
        assert words in page
