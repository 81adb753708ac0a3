"""What every handler of the web process reaches as `request.state`, made once in the app's lifespan."""

from typing import TypedDict

from ide_server.catalog import Catalog
from ide_server.settings import Settings
from ide_server.web.assets import Assets
from ide_server.web.host import Host
from ide_server.web.sessions import SignOuts
from ide_server.web.substitutes import Substitutes


class WebState(TypedDict):
    settings: Settings
    catalog: Catalog
    host: Host
    assets: Assets
    sign_outs: SignOuts
    substitutes: Substitutes
