"""A Django site around django-scim2, an independent SCIM 2.0 server behind basic authentication."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.servers import tally
from tests.servers.postgresql import free_port

USER, PASSWORD = "svc", "svcpass"

_SITE = """
import base64, sys
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x" * 50, ROOT_URLCONF="site_scim", ALLOWED_HOSTS=["127.0.0.1"], USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "scim.db"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_scim"],
    MIDDLEWARE=["site_scim.Basic"],
    SCIM_SERVICE_PROVIDER={
        "NETLOC": "127.0.0.1", "SCHEME": "http", "AUTHENTICATION_SCHEMES": [],
        "USER_ADAPTER": "site_scim.Users", "GROUP_ADAPTER": "site_scim.Groups",
        "GET_EXTRA_MODEL_FILTER_KWARGS_GETTER": "site_scim.nothing_more",
    },
)


def nothing_more(model):
    return lambda request, *args, **kwargs: {}


class Basic:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        from django.contrib.auth import authenticate
        from django.http import HttpResponse

        kind, _, pair = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        name, _, password = base64.b64decode(pair).decode().partition(":")
        request.user = authenticate(username=name, password=password) if kind == "Basic" else None
        return self.get_response(request) if request.user else HttpResponse(status=401)


if __name__ != "__main__":
    django.setup()
    from django.contrib.auth.models import Group, User
    from django.urls import include, path
    import django_scim.adapters

    for model in (User, Group):
        model.scim_id = property(lambda self: str(self.pk))
        model.scim_external_id = property(lambda self: None, lambda self, value: None)
    User.scim_username = property(lambda self: self.username)
    User.scim_groups = property(lambda self: self.groups)

    class Users(django_scim.adapters.SCIMUser):
        id_field = "id"

    class Groups(django_scim.adapters.SCIMGroup):
        id_field = "id"

    urlpatterns = [path("scim/v2/", include("django_scim.urls", namespace="scim"))]
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
"""

_SEED = """
import site_scim
from django.core.management import call_command
from django.contrib.auth.models import Group, User

call_command("migrate", verbosity=0)
User.objects.create_superuser("svc", "svc@corp.example", "svcpass")
User.objects.bulk_create([User(username=f"u{i:05d}", email=f"u{i:05d}@corp.example", is_active=i % 10 != 7) for i in range(120)])
Group.objects.create(name="all").user_set.set(User.objects.all())
"""


@contextmanager
def serving() -> Iterator[str]:
    """Run the site with 121 users and a group of all; gives its SCIM address."""
    with tempfile.TemporaryDirectory(prefix="scimaudit-django-") as name:
        folder = Path(name)
        (folder / "site_scim.py").write_text(_SITE)
        (folder / "seed.py").write_text(_SEED)
        subprocess.run([sys.executable, "-W", "ignore", "seed.py"], cwd=folder, check=True)
        port = free_port()
        log = folder / "access.log"
        command = [
            sys.executable, "-W", "ignore", "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--access-logfile", str(log),
            "--access-logformat", "%(m)s %(U)s", "site_scim:application",
        ]  # fmt: skip
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            url = f"http://127.0.0.1:{port}/scim/v2"
            try:
                for _ in range(150):
                    try:
                        httpx.get(url, trust_env=False)
                    except httpx.TransportError:
                        time.sleep(0.1)
                    else:
                        break
                yield url
            finally:
                server.terminate()
                server.wait()
                asked = (line.split(" ", 1) for line in log.read_text().splitlines())
                tally.add("django-scim2", ((method, path) for method, path in asked))
