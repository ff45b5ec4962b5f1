"""The run store: folders of plain files, readable without the code that wrote them."""
