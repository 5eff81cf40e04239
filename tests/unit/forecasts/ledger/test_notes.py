import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from btcforecast.core.errors import InputError, IntegrityError
from btcforecast.forecasts.ledger import Checkpoint, Note, Signer, VerifierKey

# The vector of Go's golang.org/x/mod/sumdb/note, which every implementation of signed notes shares.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = Signer.generate()
KEY = SIGNER.verifier_key("btcforecast/live")
NOTE = SIGNER.sign("one\n\ntwo\n", name="btcforecast/live")


def test_a_note_signed_by_go_is_verified():
    assert Note.parse(GO_NOTE).verified_text([VerifierKey.parse(GO_KEY)]) == GO_TEXT


def test_we_sign_the_same_note_as_go():
    signer = Signer(Ed25519PrivateKey.from_private_bytes(base64.b64decode(GO_SECRET)[1:]))

    assert signer.sign(GO_TEXT, name="PeterNeumann") == GO_NOTE
    assert str(signer.verifier_key("PeterNeumann")) == GO_KEY


def test_a_text_with_empty_lines_survives():
    assert Note.parse(NOTE).verified_text([KEY]) == "one\n\ntwo\n"


@pytest.mark.parametrize("at", range(len(NOTE.encode())))
def test_no_byte_of_a_note_can_be_changed(at: int):
    raw = bytearray(NOTE.encode())
    raw[at] ^= 1

    with pytest.raises((IntegrityError, UnicodeDecodeError)):
        Note.parse(raw.decode()).verified_text([KEY])


def test_a_witness_may_add_a_signature():
    theirs = Note.parse(Signer.generate().sign("one\n\ntwo\n", name="witness.example")).signatures

    both = str(Note("one\n\ntwo\n", (*Note.parse(NOTE).signatures, *theirs)))

    assert Note.parse(both).verified_text([KEY]) == "one\n\ntwo\n"


def test_another_key_under_the_same_name_is_refused():
    forged = Signer.generate().sign("one\n", name="btcforecast/live")

    with pytest.raises(IntegrityError, match="not by btcforecast/live"):
        Note.parse(forged).verified_text([KEY])


def test_one_key_has_another_id_under_each_name():
    with pytest.raises(IntegrityError, match="not by"):
        Note.parse(NOTE).verified_text([SIGNER.verifier_key("btcforecast/replayed")])


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\r\n"])
def test_a_text_that_no_note_can_have_is_not_signed(text: str):
    with pytest.raises(InputError):
        SIGNER.sign(text, name="x")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "nothing",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        GO_KEY[:-1],
        GO_KEY.replace("+AR", "+AB"),
    ],
)
def test_a_broken_verifier_key_is_refused(key: str):
    with pytest.raises(InputError):
        VerifierKey.parse(key)


def test_a_checkpoint_is_written_as_the_specification_says():
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    assert Checkpoint("example.com/behind-the-sofa", 20852163, root).text() == text
    assert Checkpoint.parse(text).root_hash == root


@pytest.mark.parametrize("size", ["-1", "01", "1.0", "", " 1", "１"])
def test_a_tree_size_in_another_form_is_refused(size: str):
    with pytest.raises(IntegrityError):
        Checkpoint.parse(f"x\n{size}\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")
