"""A timestamp authority on loopback: real answers of ``openssl ts -reply``, or what a test would rather have it say."""

from __future__ import annotations

import datetime as dt
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.servers.tls import Certificates

CONFIG = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
{chain}
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = {digests}
accuracy = secs:1
"""
REPLY = "application/timestamp-reply"


@dataclass(frozen=True)
class Desk:
    """A folder that ``openssl ts`` answers from; ``roots`` is what its tokens lead to."""

    folder: Path

    @property
    def roots(self) -> Path:
        return self.folder / "roots.pem"

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        told = ["-config", self.folder / "config", "-queryfile", self.folder / "query", "-out", self.folder / "reply"]
        openssl("ts", "-reply", *told)
        return (self.folder / "reply").read_bytes()

    def query(self, data: bytes, *more: str) -> bytes:
        (self.folder / "data").write_bytes(data)
        openssl("ts", "-query", "-data", self.folder / "data", "-sha256", "-cert", *more, "-out", self.folder / "asked")
        return (self.folder / "asked").read_bytes()

    def token(self, data: bytes) -> bytes:
        return self.reply(self.query(data))

    def by_another_key(self, data: bytes) -> bytes:
        """A token whose signer the same authority made, for anything but timestamps; ``openssl ts`` would not sign."""
        plain, inner = self.folder / "plain", self.folder / "inner"
        self.token(data)
        openssl("ts", "-reply", "-in", self.folder / "reply", "-token_out", "-out", plain)
        openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", plain, "-out", inner)
        openssl(
            "cms", "-sign", "-cades", "-binary", "-nodetach", "-nosmimecap", "-outform", "DER", "-in", inner,
            "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-signer", self.folder / "web.pem",
            "-inkey", self.folder / "web.key", "-out", plain,
        )  # fmt: skip
        openssl("ts", "-reply", "-in", plain, "-token_in", "-out", self.folder / "reply")
        return (self.folder / "reply").read_bytes()


def openssl(*told: object) -> None:
    subprocess.run(["openssl", *map(str, told)], check=True, capture_output=True)


def made_in(folder: Path, *, days: int = 2, between: bool = False, digests: str = "sha256") -> Desk:
    """A root, perhaps an authority between, and a signer of timestamps; with ``days`` below zero one that has expired."""
    folder.mkdir(parents=True)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
    root = _made("root", keys[0], None, None, 20)
    issuer, issuer_key, chain = root, keys[0], ""
    if between:
        issuer, issuer_key = _made("between", keys[1], root, keys[0], 20), keys[1]
        (folder / "between.pem").write_bytes(issuer.public_bytes(serialization.Encoding.PEM))
        chain = f"certs = {folder}/between.pem"
    for name, key, use in (
        ("tsa", keys[2], ExtendedKeyUsageOID.TIME_STAMPING),
        ("web", keys[3], ExtendedKeyUsageOID.SERVER_AUTH),
    ):
        made = _made(name, key, issuer, issuer_key, days, use)
        (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    (folder / "roots.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "serial").write_text("01\n")
    (folder / "config").write_text(CONFIG.format(folder=folder, chain=chain, digests=digests))
    return Desk(folder)


def _made(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey | None,
    days: int,
    use: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    ends = now + dt.timedelta(days=days)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"scimaudit test {name}")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, ends) - dt.timedelta(days=1))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=use is None, path_length=None), critical=True)
    )
    if use is None:
        # openssl puts the signer's certificate first, and DER wants the shorter first: so make these longer.
        built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        built = built.add_extension(x509.IssuerAlternativeName([x509.DNSName("issuer.example")]), critical=False)
    else:
        built = built.add_extension(x509.ExtendedKeyUsage([use]), critical=True)
    return built.sign(issuer_key or key, hashes.SHA256())


Say = Callable[[bytes], "tuple[int, dict[str, str], bytes]"]


class Server:
    """Answers each POST by ``say`` of its body; ``asked`` has every body."""

    def __init__(self, desk: Desk, certificates: Certificates | None = None) -> None:
        self.desk = desk
        self.asked: list[bytes] = []
        self.say: Say = lambda body: (200, {"Content-Type": REPLY}, desk.reply(body))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
                status, headers, body = outer.say(outer.asked[-1])
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.certificate, certificates.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if certificates else "http"
        self.url = f"{scheme}://localhost:{self._server.server_port}/tsr"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
