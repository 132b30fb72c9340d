"""Search by meaning, with a model that this test builds: a vector for each of a few words."""

from importlib.util import find_spec

import pytest

from clawgym.errors import UsageError
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.search import meaning

# Looked for and not imported: whoever collects this file may have none of its tests to run.
pytestmark = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("transformers") is None,
    reason="needs the extra embeddings",
)

ALIKE = ({"invoice", "bill", "money"}, {"rain", "weather", "cloud"}, {"song", "music"})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An encoder without layers: words of one group have the same vector."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    directory = tmp_path_factory.mktemp("model")
    words = ["[PAD]", "[UNK]", *sorted(word for group in ALIKE for word in group)]
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(directory)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=0,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=512,
        pad_token_id=0,
    )
    encoder = transformers.BertModel(config)
    with torch.no_grad():
        encoder.embeddings.position_embeddings.weight.zero_()
        encoder.embeddings.token_type_embeddings.weight.zero_()
        encoder.embeddings.word_embeddings.weight.zero_()
        for number, word in enumerate(words):
            for group, alike in enumerate(ALIKE):
                if word in alike:
                    encoder.embeddings.word_embeddings.weight[number, group] = 1.0
    encoder.save_pretrained(directory)
    return directory


@pytest.fixture
def catalogue(tmp_path, write_simple):
    write_simple("one", "bill")
    write_simple("two", "weather")
    write_simple("three", "invoice")
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.index([tmp_path / "skills"])
        yield catalogue


def test_what_is_near_in_meaning_comes_last(catalogue, model):
    assert meaning.embed_missing(catalogue, model) == 3
    hits = catalogue.search("invoice", semantic=meaning.semantic(catalogue, model))
    assert [(hit.name, hit.tier) for hit in hits[:2]] == [("three", "summary"), ("one", "meaning")]
    assert [hit.name for hit in hits] == ["three", "one"]


def test_vectors_are_computed_once_for_each_revision(catalogue, model, tmp_path, write_simple):
    assert meaning.embed_missing(catalogue, model) == 3
    assert meaning.embed_missing(catalogue, model) == 0
    write_simple("two", "song")
    catalogue.index([tmp_path / "skills"])
    assert meaning.embed_missing(catalogue, model) == 1


def test_vectors_have_length_one_whatever_stands_beside_them(model):
    embed = meaning.load_model(model)
    (alone,) = embed(["invoice"])
    beside, _ = embed(["invoice", "rain weather cloud song music"])
    assert sum(x * x for x in alone) == pytest.approx(1.0, abs=1e-5)
    assert alone == pytest.approx(beside, abs=1e-5)


def test_a_directory_without_a_model_is_a_usage_error(catalogue, tmp_path):
    with pytest.raises(UsageError, match=r"no config\.json.*embedding_model"):
        meaning.semantic(catalogue, tmp_path)


def test_a_missing_extra_is_named(catalogue, model, monkeypatch):
    monkeypatch.setattr(meaning, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"clawgym\[embeddings\]"):
        meaning.semantic(catalogue, model)
