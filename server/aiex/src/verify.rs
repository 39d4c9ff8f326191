//! [`Verifier`]: whether an edit compiles, seen in a copy of the project that is built apart from it.

mod reach;
mod verdict;

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aiex_assist::{FilePatch, Patch};
use aiex_text::Text;
use aiex_tools::{Diagnostic, Programs, Project, Severity, Shadow, ShadowLimits, Shadows, TestRun};

use crate::{
    edit::{OnStage, Stage},
    explain::Target,
};

use verdict::{EditedFile, Wanted};
pub use verdict::{Verdict, described};

/// What compiles the project of a file, and runs its tests. Only made where the user trusts the workspace.
#[derive(Clone)]
pub struct Verifier {
    project: Project,
    shadows: Shadows,
    programs: Programs,
    /// The folder of the workspace, to which the paths of patches are relative.
    root: PathBuf,
    unsaved: Arc<Unsaved>,
}

/// The texts that an editor has and the disk has not, by absolute path.
pub type Unsaved = dyn Fn() -> Vec<(PathBuf, String)> + Send + Sync;

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("project", &self.project).finish_non_exhaustive()
    }
}

/// What the user is asked before anything of a folder runs.
pub fn question(folder: &Path, project: &Project) -> String {
    let commands: Vec<_> = project.commands().iter().map(|command| format!("`{command}`")).collect();
    format!(
        "May Aiex build and test copies of {}? It would run {}. Build scripts, macros and tests of the repository then \
         run with your rights.",
        folder.display(),
        commands.join(" and "),
    )
}

/// Where the copies of projects are.
///
/// # Errors
/// Where there is no folder for them.
pub fn shadows() -> Result<Shadows, String> {
    let folder = crate::paths::shadows_folder();
    folder.map(Shadows::new).ok_or_else(|| "there is no folder for a copy to build in; set AIEX_HOME".to_owned())
}

/// What the compiler finds fault with in a target, for whoever wants that mended; in its file, where nothing is said of
/// the target itself.
///
/// # Errors
/// Where nothing is found or nobody can be asked, as a sentence that says what to do instead.
pub async fn faults(
    verifier: Result<Verifier, String>,
    target: &Target,
    stage: &OnStage<'_>,
) -> Result<Vec<String>, String> {
    let instead = "Pass what is to be mended as `diagnostics` or in words.";
    let verifier =
        verifier.map_err(|why| format!("the compiler cannot be asked what is wrong here: {why} {instead}"))?;
    let all = verifier
        .diagnostics(stage)
        .await
        .map_err(|why| format!("the compiler could not say what is wrong here: {why}"))?;
    let text = target.snapshot.text();
    let range = target.range();
    let lines = text.line_of(range.start) + 1..=text.line_of(range.end) + 1;
    let here: Vec<_> = all.into_iter().filter(|diagnostic| diagnostic.path == target.path).collect();
    let (own, others): (Vec<_>, Vec<_>) =
        here.into_iter().partition(|one| one.line <= *lines.end() && *lines.start() <= one.end_line);
    let errors = others.into_iter().filter(|one| one.severity == Severity::Error).collect();
    let found = if own.is_empty() { errors } else { own };
    if found.is_empty() {
        return Err(format!("the compiler finds nothing wrong in {}. {instead}", target.name()));
    }
    let fault = |one: &Diagnostic| {
        let code = text.slice(text.line_range(one.line.saturating_sub(1))).trim().chars().take(200).collect::<String>();
        format!("line {}, `{code}`: {}", one.line, one.message)
    };
    Ok(found.iter().take(MOST_FAULTS).map(fault).collect())
}

/// So many diagnostics are mended at once.
const MOST_FAULTS: usize = 10;

/// An error as it is told.
fn told(error: impl fmt::Display) -> String {
    error.to_string()
}

impl Verifier {
    /// For a project of a workspace.
    ///
    /// # Errors
    /// Where there is no folder to build in.
    pub fn new(project: Project, root: &Path, unsaved: Arc<Unsaved>) -> Result<Self, String> {
        // Programs of the user's, never one of the repository's own.
        let programs = Programs::new(&[root.to_path_buf(), project.root.clone()]);
        Ok(Self { project, shadows: shadows()?, programs, root: root.to_path_buf(), unsaved })
    }

    /// Whether a patch compiles. `faults` are the words of compilers that it is to mend in `target`, as that was before.
    ///
    /// # Errors
    /// Why it could not be found out, as a sentence.
    pub async fn verdict(
        &self,
        patch: &Patch,
        faults: &[String],
        target: &Target,
        stage: &OnStage<'_>,
    ) -> Result<Verdict, String> {
        let mut shadow = self.opened(stage).await?;
        // As they are now, for both looks.
        let unsaved = self.unsaved_in_project();
        shadow.write(&self.texts(&unsaved, |file| Some(file.after.clone()), &patch.files)).map_err(told)?;
        stage(Stage::Compiling);
        let with_tests = reach::reaches_tests(&patch.files);
        let after = self.check(&mut shadow, with_tests).await?;
        let lines = |range: Range<usize>, text: &Text| text.line_of(range.start)..text.line_of(range.end) + 1;
        let mut range = target.range();
        let mut text = target.snapshot.text().clone();
        let before_lines = lines(range.clone(), &text);
        if let Some(own) = patch.files.iter().find(|file| file.path == target.path) {
            // The last first, so that the places of the others hold.
            for edit in own.edits().iter().rev() {
                range = text.splice(edit).map_range(&range);
            }
        }
        let wanted = Wanted { faults, path: &target.path, before: before_lines, after: lines(range, &text) };
        if verdict::passes_alone(&after, &wanted) {
            return Ok(Verdict::Compiles);
        }
        // Something is wrong: the question is whether it was before.
        shadow.reset().map_err(told)?;
        let before = self.texts(&unsaved, |file| file.before.as_deref().map(str::to_owned), &patch.files);
        shadow.write(&before).map_err(told)?;
        let before = self.check(&mut shadow, with_tests).await?;
        let edited = |file: &FilePatch| EditedFile {
            path: file.path.clone(),
            lines: aiex_text::changed_lines(file.before.as_deref().unwrap_or_default(), &file.after),
        };
        let edited: Vec<_> = patch.files.iter().map(edited).collect();
        Ok(verdict::judge(&before, &after, &edited, &wanted))
    }

    /// What the compiler says of the project as it is.
    ///
    /// # Errors
    /// Why it could not be asked, as a sentence.
    pub async fn diagnostics(&self, stage: &OnStage<'_>) -> Result<Vec<Diagnostic>, String> {
        let mut shadow = self.open(&[], stage).await?;
        stage(Stage::Compiling);
        self.check(&mut shadow, true).await
    }

    /// What the compiler says, by paths relative to the workspace.
    async fn check(&self, shadow: &mut Shadow, with_tests: bool) -> Result<Vec<Diagnostic>, String> {
        let said = match with_tests {
            true => shadow.check().await.map_err(told)?,
            false => shadow.check_without_tests().await.map_err(told)?,
        };
        Ok(said.into_iter().map(|one| self.in_workspace(one)).collect())
    }

    /// Compiles and runs tests of a file as a patch leaves it: those with these names.
    ///
    /// # Errors
    /// Why they could not be run, as a sentence.
    pub async fn test(
        &self,
        patch: &Patch,
        file: &str,
        names: &[String],
        stage: &OnStage<'_>,
    ) -> Result<TestRun, String> {
        let mut shadow = self.open(&patch.files, stage).await?;
        stage(Stage::Testing);
        self.test_in(&mut shadow, file, names).await
    }

    /// The same, with so much time for tests.
    pub fn with_test_time(&self, time: Duration) -> Self {
        let limits = ShadowLimits { tests: time, ..ShadowLimits::default() };
        Self { shadows: self.shadows.clone().with_limits(limits), ..self.clone() }
    }

    /// A copy with a patch, to run tests in several times.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    pub async fn with(&self, patch: &Patch, stage: &OnStage<'_>) -> Result<Shadow, String> {
        self.open(&patch.files, stage).await
    }

    /// Runs tests of a file in a copy.
    ///
    /// # Errors
    /// Why they could not be run, as a sentence.
    pub async fn test_in(&self, shadow: &mut Shadow, file: &str, names: &[String]) -> Result<TestRun, String> {
        let run = shadow.test(&self.name_in_project(file), names).await.map_err(told)?;
        let errors = run.errors.into_iter().map(|one| self.in_workspace(one)).collect();
        Ok(TestRun { errors, ..run })
    }

    /// Puts a text in the place of a file of a copy.
    ///
    /// # Errors
    /// As a sentence.
    pub fn write(&self, shadow: &mut Shadow, path: &str, text: &str) -> Result<(), String> {
        shadow.write(&[(self.name_in_project(path), text.to_owned())]).map_err(told)
    }

    /// A copy with what is unsaved, and with the files of a patch.
    async fn open(&self, patch: &[FilePatch], stage: &OnStage<'_>) -> Result<Shadow, String> {
        let mut shadow = self.opened(stage).await?;
        let texts = self.texts(&self.unsaved_in_project(), |file| Some(file.after.clone()), patch);
        shadow.write(&texts).map_err(told)?;
        Ok(shadow)
    }

    async fn opened(&self, stage: &OnStage<'_>) -> Result<Shadow, String> {
        let busy = || stage(Stage::Waiting);
        let shadow = self.shadows.open_when_free(&self.project, &self.programs, busy).await.map_err(told)?;
        // Looks at most once a day.
        let shadows = self.shadows.clone();
        tokio::task::spawn_blocking(move || shadows.sweep());
        Ok(shadow)
    }

    /// What is unsaved of the project, by path relative to it.
    fn unsaved_in_project(&self) -> Vec<(String, String)> {
        let name = |path: PathBuf| {
            // However its folder is spelt.
            let real = path.parent()?.canonicalize().ok()?.join(path.file_name()?);
            Some(real.strip_prefix(&self.project.root).ok()?.to_string_lossy().replace('\\', "/"))
        };
        tokio::task::block_in_place(|| {
            (self.unsaved)().into_iter().filter_map(|(path, text)| Some((name(path)?, text))).collect()
        })
    }

    fn texts(
        &self,
        unsaved: &[(String, String)],
        text: impl Fn(&FilePatch) -> Option<String>,
        files: &[FilePatch],
    ) -> Vec<(String, String)> {
        let patched: Vec<_> =
            files.iter().filter_map(|file| Some((self.name_in_project(&file.path), text(file)?))).collect();
        let others = unsaved.iter().filter(|(name, _)| !patched.iter().any(|(known, _)| known == name)).cloned();
        others.chain(patched.iter().cloned()).collect()
    }

    /// A file's path relative to the project, by that relative to the workspace.
    fn name_in_project(&self, path: &str) -> String {
        let absolute = self.root.join(path);
        let absolute = absolute.canonicalize().unwrap_or(absolute);
        absolute.strip_prefix(&self.project.root).unwrap_or(&absolute).to_string_lossy().replace('\\', "/")
    }

    /// A diagnostic with the path of its file relative to the workspace.
    fn in_workspace(&self, diagnostic: Diagnostic) -> Diagnostic {
        let absolute = self.project.root.join(&diagnostic.path);
        let path = absolute.strip_prefix(&self.root).unwrap_or(&absolute).to_string_lossy().replace('\\', "/");
        Diagnostic { path, ..diagnostic }
    }
}
