//! The parts of a card as a tree, which a reader of PDF follows: the canvas grows it, and the polish plants it.

use crate::card::paper::{Area, HEIGHT, Role};
use lopdf::{Dictionary, Document, Object, ObjectId, StringFormat, dictionary};

/// The parts in the order in which they are read.
#[derive(Debug, Default)]
pub(super) struct Structure {
    nodes: Vec<Node>,
    /// Those at the top.
    roots: Vec<usize>,
    /// Those that are open, outermost first.
    open: Vec<usize>,
    /// How many marks each page has.
    marks: Vec<i64>,
}

#[derive(Debug)]
struct Node {
    role: Role,
    kids: Vec<Kid>,
}

#[derive(Debug)]
enum Kid {
    Part(usize),
    /// A mark on a page.
    Mark {
        page: usize,
        id: i64,
    },
    /// An area on a page that leads somewhere.
    Area {
        page: usize,
        area: Area,
    },
}

/// How what is drawn now is marked in the page's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Ornament,
    Part { tag: &'static str, id: i64 },
}

const fn tag(role: &Role) -> &'static str {
    match role {
        Role::Title => "H1",
        Role::Heading => "H2",
        Role::Paragraph => "P",
        Role::Table => "Table",
        Role::Row => "TR",
        Role::ColumnHead | Role::RowHead => "TH",
        Role::Cell => "TD",
        Role::Figure(_) => "Figure",
        Role::Link(_) => "Link",
        Role::Ornament => "Artifact",
    }
}

impl Structure {
    pub(super) fn open(&mut self, role: Role) {
        // what lies within an ornament is one
        let role = if self.is_in_ornament() { Role::Ornament } else { role };
        let node = self.nodes.len();
        match self.open.last() {
            _ if role == Role::Ornament => {}
            Some(parent) => self.nodes[*parent].kids.push(Kid::Part(node)),
            None => self.roots.push(node),
        }
        self.nodes.push(Node { role, kids: Vec::new() });
        self.open.push(node);
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    fn is_in_ornament(&self) -> bool {
        self.open.last().is_some_and(|node| self.nodes[*node].role == Role::Ornament)
    }

    /// The mark for what is drawn next on a page, and whether it is a shape.
    pub(super) fn mark(&mut self, page: usize, is_shape: bool) -> Mark {
        let is_ornament = self.is_in_ornament();
        let Some(node) = self.open.last().filter(|_| !is_ornament) else { return Mark::Ornament };
        let Node { role, kids } = &mut self.nodes[*node];
        // lines and grounds mean nothing but within a picture
        if is_shape && !matches!(role, Role::Figure(_)) {
            return Mark::Ornament;
        }
        if self.marks.len() <= page {
            self.marks.resize(page + 1, 0);
        }
        let id = self.marks[page];
        self.marks[page] += 1;
        kids.push(Kid::Mark { page, id });
        Mark::Part { tag: tag(role), id }
    }

    /// Whether what is drawn now leads somewhere.
    pub(super) fn leads(&self) -> bool {
        self.open.last().is_some_and(|node| matches!(self.nodes[*node].role, Role::Link(_)))
    }

    /// Makes an area lead where the open part does.
    pub(super) fn lead(&mut self, page: usize, area: Area) {
        if let Some(node) = self.open.last() {
            self.nodes[*node].kids.push(Kid::Area { page, area });
        }
    }

    /// Writes the tree into a document, whose content is marked already.
    pub(super) fn plant(&self, document: &mut Document) {
        let pages: Vec<ObjectId> = document.get_pages().into_values().collect();
        let ids: Vec<ObjectId> = self.nodes.iter().map(|_| document.new_object_id()).collect();
        let [root, whole] = [(); 2].map(|()| document.new_object_id());
        let parents = self.parents(&ids, whole);
        // the part of each link, for whoever starts from the area
        let mut links: Vec<ObjectId> = Vec::new();
        for ((node, id), parent) in self.nodes.iter().zip(&ids).zip(parents) {
            if node.role != Role::Ornament {
                let mut element = dictionary! { "S" => tag(&node.role), "P" => parent };
                describe(&mut element, &node.role);
                fill(document, &mut element, node, (*id, &ids), &pages, &mut links);
                document.objects.insert(*id, element.into());
            }
        }
        let roots: Vec<Object> = self.roots.iter().map(|node| Object::Reference(ids[*node])).collect();
        let whole_part = dictionary! { "S" => "Document", "P" => root, "K" => roots };
        document.objects.insert(whole, whole_part.into());
        let numbers = self.numbers(document, &ids, pages.len(), links);
        let tree = dictionary! {
            "Type" => "StructTreeRoot", "K" => whole, "ParentTree" => dictionary! { "Nums" => numbers },
        };
        document.objects.insert(root, tree.into());
        for (at, page) in pages.iter().enumerate() {
            if let Ok(page) = document.get_dictionary_mut(*page) {
                page.set("StructParents", number(at));
                page.set("Tabs", "S");
            }
        }
        if let Ok(catalog) = document.catalog_mut() {
            catalog.set("StructTreeRoot", root);
            catalog.set("MarkInfo", dictionary! { "Marked" => true });
        }
    }

    /// The part that each part lies in.
    fn parents(&self, ids: &[ObjectId], whole: ObjectId) -> Vec<ObjectId> {
        let mut parents = vec![whole; self.nodes.len()];
        for (node, id) in self.nodes.iter().zip(ids) {
            for kid in &node.kids {
                if let Kid::Part(part) = kid {
                    parents[*part] = *id;
                }
            }
        }
        parents
    }

    /// The way back: for each page the part of each of its marks, and after the pages the part of each link.
    fn numbers(
        &self,
        document: &mut Document,
        ids: &[ObjectId],
        pages: usize,
        links: Vec<ObjectId>,
    ) -> Vec<Object> {
        let of_page = |marks: &i64| vec![Object::Null; usize::try_from(*marks).unwrap_or(0)];
        let mut marked: Vec<Vec<Object>> = self.marks.iter().map(of_page).collect();
        marked.resize(pages, Vec::new());
        for (node, part) in self.nodes.iter().zip(ids) {
            for kid in &node.kids {
                if let Kid::Mark { page, id } = kid
                    && let Ok(at) = usize::try_from(*id)
                    && let Some(place) = marked.get_mut(*page).and_then(|marks| marks.get_mut(at))
                {
                    *place = (*part).into();
                }
            }
        }
        let marked: Vec<Object> =
            marked.into_iter().map(|marks| document.add_object(Object::Array(marks)).into()).collect();
        let parts = marked.into_iter().chain(links.into_iter().map(Object::Reference));
        parts.enumerate().flat_map(|(at, part)| [number(at), part]).collect()
    }
}

/// Gives a part its kids: other parts, marks, and the annotations of its areas.
fn fill(
    document: &mut Document,
    element: &mut Dictionary,
    node: &Node,
    (id, ids): (ObjectId, &[ObjectId]),
    pages: &[ObjectId],
    links: &mut Vec<ObjectId>,
) {
    // marks on the part's own page are bare numbers
    let own = node.kids.iter().find_map(|kid| match kid {
        Kid::Mark { page, .. } => Some(*page),
        Kid::Part(_) | Kid::Area { .. } => None,
    });
    let mut kids: Vec<Object> = Vec::new();
    for kid in &node.kids {
        kids.push(match kid {
            Kid::Part(part) => ids[*part].into(),
            Kid::Mark { page, id } if own == Some(*page) => (*id).into(),
            Kid::Mark { page, id } => {
                dictionary! { "Type" => "MCR", "Pg" => pages[*page], "MCID" => *id }.into()
            }
            Kid::Area { page, area } => {
                let annotation = document.add_object(link(node, *area, pages.len() + links.len()));
                links.push(id);
                annotate(document, pages[*page], annotation);
                dictionary! { "Type" => "OBJR", "Pg" => pages[*page], "Obj" => annotation }.into()
            }
        });
    }
    match kids.pop() {
        Some(only) if kids.is_empty() => element.set("K", only),
        Some(last) => element.set("K", kids.into_iter().chain([last]).collect::<Vec<_>>()),
        None => {}
    }
    if let Some(page) = own {
        element.set("Pg", pages[page]);
    }
}

fn number(value: usize) -> Object {
    Object::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

/// What a tag alone does not say.
fn describe(element: &mut Dictionary, role: &Role) {
    let scope = |scope: &str| dictionary! { "O" => "Table", "Scope" => scope };
    match role {
        Role::ColumnHead => element.set("A", scope("Column")),
        Role::RowHead => element.set("A", scope("Row")),
        Role::Figure(said) => element.set("Alt", pdf_text(said)),
        _ => {}
    }
}

/// The annotation that follows a link.
fn link(node: &Node, area: Area, key: usize) -> Dictionary {
    let Role::Link(address) = &node.role else { return Dictionary::new() };
    let (left, top) = (area.x, HEIGHT - area.y);
    let corners = [left, top - area.height, left + area.width, top];
    dictionary! {
        "Type" => "Annot",
        "Subtype" => "Link",
        "Rect" => corners.map(|at| Object::Real((at * 100.0).round() / 100.0)).to_vec(),
        "Border" => vec![0.into(), 0.into(), 0.into()],
        "F" => 4,
        "Contents" => pdf_text(address),
        "A" => dictionary! { "S" => "URI", "URI" => Object::string_literal(address.as_str()) },
        "StructParent" => number(key),
    }
}

fn annotate(document: &mut Document, page: ObjectId, annotation: ObjectId) {
    let Ok(page) = document.get_dictionary_mut(page) else { return };
    if let Ok(Object::Array(annotations)) = page.get_mut(b"Annots") {
        annotations.push(annotation.into());
    } else {
        page.set("Annots", vec![Object::Reference(annotation)]);
    }
}

/// UTF-16 with its mark, as PDF wants text that is not Latin.
pub(super) fn pdf_text(text: &str) -> Object {
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}
