"""An OpenLDAP of our own on loopback: memberOf, password policy, size limits, StartTLS and LDAPS."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import tls
from tests.servers.postgresql import free_port

BASE = "dc=corp,dc=example"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
PASSWORD = "svcpw"
Attributes = Mapping[str, str | Sequence[str]]

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'hrStatus' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'hrStart' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.3 NAME 'hrEnd' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.4 NAME 'hrAlias' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.1.5 NAME 'hrCompany' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.1.6 NAME 'hrFormerDepartment' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.7 NAME 'hrFormerTitle' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.8 NAME 'hrMoved' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.9 NAME 'hrFormerEnd' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'hrPerson' SUP top AUXILIARY MAY ( hrStatus $ hrStart $ hrEnd $ hrAlias $ hrCompany $ hrFormerDepartment $ hrFormerTitle $ hrMoved $ hrFormerEnd ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile {folder}/slapd.pid
TLSCACertificateFile {certificates.ca}
TLSCertificateFile {certificates.certificate}
TLSCertificateKeyFile {certificates.key}
database mdb
maxsize 268435456
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw adminpw
directory {folder}/data
index objectClass,uid eq
limits dn.exact="cn=svc,{base}" size.soft=100 size.hard=100 size.pr=200 size.prtotal=unlimited
limits dn.exact="cn=capped,{base}" size=100 size.prtotal=150
access to attrs=userPassword by self write by anonymous auth by * none
access to * by users read by anonymous auth
overlay memberof
overlay ppolicy
"""


@dataclass(frozen=True)
class OpenLDAP:
    port: int
    secure_port: int
    ca: Path

    @property
    def url(self) -> str:
        return f"ldap://localhost:{self.port}"

    @property
    def secure_url(self) -> str:
        return f"ldaps://localhost:{self.secure_port}"

    def settings(self, **more: object) -> dict[str, object]:
        """Keys of ``source = "ldap"`` for this server; the password stands in LDAP_PASSWORD."""
        return {
            "url": self.url, "vendor": "openldap", "bind": f"cn=svc,{BASE}", "password": {"env": "LDAP_PASSWORD"},
            "base": PEOPLE, "group_base": GROUPS, "ca": str(self.ca), **more,
        }  # fmt: skip

    def add(self, entries: Iterable[tuple[str, Attributes]]) -> None:
        self._run("ldapadd", "\n".join(_ldif(dn, attributes) for dn, attributes in entries))

    def modify(self, ldif: str) -> None:
        self._run("ldapmodify", ldif)

    def _run(self, program: str, ldif: str) -> None:
        subprocess.run(
            [program, "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", f"cn=admin,{BASE}", "-w", "adminpw"],
            input=ldif.encode(), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def installed() -> bool:
    return Path("/usr/sbin/slapd").is_file() and shutil.which("ldapadd") is not None


def person(uid: str, **more: str | Sequence[str]) -> tuple[str, Attributes]:
    return f"uid={uid},{PEOPLE}", {
        "objectClass": ["inetOrgPerson", "shadowAccount", "hrPerson"], "uid": uid, "cn": uid, "sn": uid, **more,
    }  # fmt: skip


def group(name: str, *members: str) -> tuple[str, Attributes]:
    return f"cn={name},{GROUPS}", {"objectClass": "groupOfNames", "cn": name, "member": members}


@contextmanager
def serving(host: str = "localhost", days: int = 2) -> Iterator[OpenLDAP]:
    """Run a server with two branches and the accounts ``svc`` (pages of 200) and ``capped`` (150 entries in all)."""
    with tempfile.TemporaryDirectory(prefix="scimaudit-ldap-", dir="/tmp") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        certificates = tls.made_in(folder / "tls", host=host, days=days)
        configuration = folder / "slapd.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, certificates=certificates, base=BASE))
        found = OpenLDAP(free_port(), free_port(), certificates.ca)
        command = [
            "/usr/sbin/slapd", "-f", configuration, "-d", "0",
            "-h", f"ldap://127.0.0.1:{found.port} ldaps://127.0.0.1:{found.secure_port}",
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                _until_open(found.port, server)
                found.add(_beginning())
                yield found
            finally:
                server.terminate()


def _beginning() -> list[tuple[str, Attributes]]:
    start: list[tuple[str, Attributes]] = [
        (BASE, {"objectClass": ["dcObject", "organization"], "dc": "corp", "o": "Corp"})
    ]
    start += [(f"ou={ou},{BASE}", {"objectClass": "organizationalUnit", "ou": ou}) for ou in ("people", "groups")]
    start += [
        (f"cn={cn},{BASE}",
         {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": cn, "userPassword": PASSWORD})
        for cn in ("svc", "capped")
    ]  # fmt: skip
    return start


def _until_open(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            raise RuntimeError(f"slapd ended with {server.returncode}")
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("slapd does not listen")


def _ldif(dn: str, attributes: Attributes) -> str:
    lines = [_line("dn", dn)]
    for name, values in attributes.items():
        lines += [_line(name, value) for value in ([values] if isinstance(values, str) else values)]
    return "\n".join([*lines, ""])


def _line(name: str, value: str) -> str:
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"
