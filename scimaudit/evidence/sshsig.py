"""SSH signatures (OpenSSH, PROTOCOL.sshsig), where there is no ``ssh-keygen`` to make or check one.

The library ``cryptography`` signs and checks; here is only how the bytes lie. What differs in a byte from the way
``ssh-keygen`` writes it is no signature: it reads over blanks, and over what follows the last line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

_MAGIC: Final = b"SSHSIG"
_VERSION: Final = (1).to_bytes(4)
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"
_WIDTH: Final = 70
_HASHES: Final = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_CURVES: Final = {"secp256r1": b"nistp256", "secp384r1": b"nistp384", "secp521r1": b"nistp521"}
_CURVE_HASHES: Final = {b"nistp256": hashes.SHA256(), b"nistp384": hashes.SHA384(), b"nistp521": hashes.SHA512()}
_RSA_HASHES: Final = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_SHORTEST: Final = 2048
"""Bits of an RSA key."""
KINDS: Final = frozenset({"ssh-ed25519", "ssh-rsa", *(f"ecdsa-sha2-{name.decode()}" for name in _CURVES.values())})
"""Kinds of keys that can be checked here, as a line of a public key begins."""

Private = Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signature:
    """What an SSH signature says.

    :param public: the signer's public key as ssh sends it. ``namespace``: what it was signed for.
    :param digest: name of the hash over the message. ``kind``: how the key signed. ``value``: the signature.
    """

    public: bytes
    namespace: bytes
    digest: bytes
    kind: bytes
    value: bytes


def parse(data: bytes) -> Signature:
    """Read a signature file.

    :raises ValueError: it is none, or not written as ssh-keygen writes it.
    """
    if not data.startswith(_BEGIN) or not data.endswith(_END):
        msg = "it is no SSH signature"
        raise ValueError(msg)
    try:
        blob = base64.b64decode(data[len(_BEGIN) : -len(_END)].replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        msg = "it is no SSH signature"
        raise ValueError(msg) from error
    if _armoured(blob) != data or blob[:10] != _MAGIC + _VERSION:
        msg = "it is no SSH signature as ssh-keygen writes one"
        raise ValueError(msg)
    public, namespace, reserved, digest, inner = _strings(blob[10:], 5)
    if reserved or digest not in _HASHES:
        msg = "it is an SSH signature of a kind that is not known"
        raise ValueError(msg)
    kind, value = _split(inner)
    return Signature(public, namespace, digest, kind, value)


def sign(key: Private, message: bytes, namespace: bytes) -> bytes:
    """A signature file over ``message``."""
    said = _MAGIC + b"".join(map(_string, (namespace, b"", b"sha512", hashlib.sha512(message).digest())))
    if isinstance(key, Ed25519PrivateKey):
        kind, value = b"ssh-ed25519", _string(key.sign(said))
    elif isinstance(key, rsa.RSAPrivateKey):
        kind = b"rsa-sha2-512"
        value = _string(key.sign(said, padding.PKCS1v15(), _RSA_HASHES[kind]))
    else:
        curve = _CURVES[key.curve.name]
        both = decode_dss_signature(key.sign(said, ec.ECDSA(_CURVE_HASHES[curve])))
        kind, value = b"ecdsa-sha2-" + curve, _string(b"".join(_string(_number(each)) for each in both))
    told = (public(key), namespace, b"", b"sha512", _string(kind) + value)
    return _armoured(_MAGIC + _VERSION + b"".join(map(_string, told)))


def check(signature: Signature, message: bytes) -> None:
    """Whether the key that a signature names made it over ``message``.

    :raises ValueError: it did not, or it is of a kind that cannot be checked here.
    """
    found = _HASHES[signature.digest](message).digest()
    said = _MAGIC + b"".join(map(_string, (signature.namespace, b"", signature.digest, found)))
    name = _split(signature.public)[0]
    if name.decode("ascii", "replace") not in KINDS:
        msg = f"a key of kind {name.decode('ascii', 'replace')[:40]} cannot be checked without ssh-keygen"
        raise ValueError(msg)
    try:
        key = serialization.load_ssh_public_key(name + b" " + base64.b64encode(signature.public))
        if isinstance(key, Ed25519PublicKey) and signature.kind == b"ssh-ed25519":
            key.verify(_whole(signature.value), said)
        elif isinstance(key, rsa.RSAPublicKey) and signature.kind in _RSA_HASHES and key.key_size >= _SHORTEST:
            key.verify(_whole(signature.value), said, padding.PKCS1v15(), _RSA_HASHES[signature.kind])
        elif isinstance(key, ec.EllipticCurvePublicKey) and signature.kind == name:
            r, s = map(_natural, _strings(_whole(signature.value), 2))
            key.verify(encode_dss_signature(r, s), said, ec.ECDSA(_CURVE_HASHES[_CURVES[key.curve.name]]))
        else:
            msg = "the key and the signature are not of one kind, or the key is too short"
            raise ValueError(msg)
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        msg = "it was not made by the key that it names over this statement"
        raise ValueError(msg) from error


def private(data: bytes) -> Private:
    """A private key that is not encrypted, as ssh-keygen writes it.

    :raises ValueError: it is none, is encrypted, or is of a kind that cannot sign here.
    """
    load = serialization.load_ssh_private_key if b"BEGIN OPENSSH" in data else serialization.load_pem_private_key
    try:
        found = load(data, password=None)
    except TypeError as error:
        msg = "it is encrypted, and only ssh-keygen, which is not installed, can ask for its passphrase"
        raise ValueError(msg) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = "it cannot be read as a private key, or needs ssh-keygen, which is not installed"
        raise ValueError(msg) from error
    if isinstance(found, rsa.RSAPrivateKey) and found.key_size < _SHORTEST:
        msg = f"an RSA key of less than {_SHORTEST} bits is too short"
        raise ValueError(msg)
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name not in _CURVES:
        msg = f"ssh knows no keys on the curve {found.curve.name}"
        raise ValueError(msg)
    if not isinstance(found, Private):
        msg = "a key of its kind signs no evidence: use Ed25519, ECDSA or RSA"
        raise ValueError(msg)  # noqa: TRY004 - what is in the file is wrong, not what the caller gave
    return found


def public(key: Private) -> bytes:
    """The public key of a private one, as ssh sends it."""
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return base64.b64decode(line.split(b" ")[1])


def _armoured(blob: bytes) -> bytes:
    text = base64.b64encode(blob)
    return _BEGIN + b"".join(text[at : at + _WIDTH] + b"\n" for at in range(0, len(text), _WIDTH)) + _END


def _string(data: bytes) -> bytes:
    """RFC 4251 section 5, ``string``."""
    return len(data).to_bytes(4) + data


def _number(value: int) -> bytes:
    """RFC 4251 section 5, ``mpint`` of a number above zero, without its length."""
    return value.to_bytes(value.bit_length() // 8 + 1)


def _natural(data: bytes) -> int:
    """The number of an ``mpint``.

    :raises ValueError: it is below one, or not written as short as can be.
    """
    found = int.from_bytes(data)
    if not found or _number(found) != data:
        msg = "it holds a number that cannot be"
        raise ValueError(msg)
    return found


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The first string, and what follows it.

    :raises ValueError: there is none.
    """
    length = int.from_bytes(data[:4])
    if len(data) < 4 or len(data) - 4 < length:
        msg = "it is cut short"
        raise ValueError(msg)
    return data[4 : 4 + length], data[4 + length :]


def _strings(data: bytes, count: int) -> list[bytes]:
    """So many strings.

    :raises ValueError: there are fewer, or there is more.
    """
    found = []
    for _ in range(count):
        one, data = _split(data)
        found.append(one)
    if data:
        msg = "there is more in it than an SSH signature holds"
        raise ValueError(msg)
    return found


def _whole(data: bytes) -> bytes:
    [one] = _strings(data, 1)
    return one
