"""Who sends reports: pharmacy chains and distributors, as they are spelt in folders, rows and layouts."""

from __future__ import annotations

from enum import StrEnum


class Provider(StrEnum):
    """A kind of data supplier; the value is the one stored in `ops.file_registry.data_provider`."""

    CHAIN = "Сеть"
    DISTRIBUTOR = "Дистрибьютор"

    @property
    def folder(self) -> str:
        """The folder of the inbox: `Сети` or `Дистрибьюторы`."""
        return _FOLDERS[self]

    @property
    def transforms_folder(self) -> str:
        """The folder below `client_transforms/`."""
        return _TRANSFORMS[self]

    @property
    def scripts_folder(self) -> str:
        """The folder of client scripts, spelt as in the original workflow: `Nets` or `Distibutors`."""
        return _SCRIPTS[self]

    @classmethod
    def of_folder(cls, name: str) -> Provider | None:
        """The provider whose inbox folder is called `name`, or None."""
        return _BY_FOLDER.get(name)


_FOLDERS = {Provider.CHAIN: "Сети", Provider.DISTRIBUTOR: "Дистрибьюторы"}
_TRANSFORMS = {Provider.CHAIN: "chains", Provider.DISTRIBUTOR: "distributors"}
_SCRIPTS = {Provider.CHAIN: "Nets", Provider.DISTRIBUTOR: "Distibutors"}
_BY_FOLDER = {folder: provider for provider, folder in _FOLDERS.items()}

SUPPLIERS_FOLDER = "Поставщики данных"
